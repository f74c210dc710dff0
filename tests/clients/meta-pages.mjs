// Reads certificates in the loops that clients of Meta's API have. Usage: meta-pages.mjs LOOP BASE APP_ID APP_SECRET QUERY LIMIT
// Prints the ids in order, one a line. Ends with 1 at the first thing that such a client would not bear.
const [loop, base, app, secret, query, limit] = process.argv.slice(2);

function demand(truth, what) {
  if (truth) return;
  console.error(what);
  process.exit(1);
}

async function get(url) {
  const answer = await fetch(url);
  const body = await answer.json();
  demand(answer.status === 200, `${answer.status}: ${JSON.stringify(body)}`);
  demand(Array.isArray(body.data), "data is a list");
  for (const item of body.data) {
    demand(typeof item.id === "string" && /^[0-9]+$/.test(item.id), "id is a string of digits");
    demand(Array.isArray(item.domains) && item.domains.every((name) => typeof name === "string"), "domains is a list of strings");
    console.log(item.id);
  }
  return body;
}

const grant = new URLSearchParams({ client_id: app, client_secret: secret, grant_type: "client_credentials" });
const { access_token: token } = await (await fetch(`${base}/oauth/access_token?${grant}`)).json();
demand(token, "an access token is issued");
const asked = (more) => `${base}/v8.0/certificates?${new URLSearchParams({ query, fields: "domains", limit, access_token: token, ...more })}`;

const loops = {
  // subfinder and amass: follow the link, with a limit of their own in it.
  async next() {
    let url = asked({});
    while (url) {
      const page = await get(url);
      url = page.paging?.next;
      if (url) url = url.replace(/limit=\d+/, "limit=2");
    }
  },
  async "next-then-after"() {
    let page = await get(asked({}));
    while (page.paging?.next) page = await get(asked({ after: page.paging.cursors.after }));
  },
  // Strict receivers in Python: as long as there is a cursor.
  async after() {
    let cursor = "";
    do {
      const page = await get(cursor ? asked({ after: cursor }) : asked({}));
      demand(page.data.length > 0 || !("paging" in page), "an empty page has no paging");
      cursor = page.paging?.cursors?.after;
    } while (cursor);
  },
};
await loops[loop]();
