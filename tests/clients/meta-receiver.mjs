// Receivers of Meta's webhook, in the styles that there are. Usage: meta-receiver.mjs STYLE BASE APP_ID APP_SECRET DOMAIN
// Subscribes by itself, then prints "took ID" for every certificate that it is told of and finds again, and "refused WHY" else.
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";

const [style, base, app, secret, domain] = process.argv.slice(2);
const token = `${app}|${secret}`;

const sign = (kind, bytes) => `${kind}=` + createHmac(kind, secret).update(bytes).digest("hex");
const same = (given, right) => typeof given === "string" && given.length === right.length && timingSafeEqual(Buffer.from(given), Buffer.from(right));

async function json(response) {
  const body = await response.json();
  if (response.status !== 200) throw new Error(`${response.status}: ${JSON.stringify(body)}`);
  return body;
}

// Pages until the id is there, as a Slack bot does that then splits the issuer's name.
async function find(id) {
  const query = new URLSearchParams({ query: domain, fields: "domains,issuer_name,not_valid_before", access_token: token });
  for (let url = `${base}/v6.0/certificates?${query}`; url; ) {
    const page = await json(await fetch(url));
    const found = page.data.find((item) => item.id === id);
    if (found) {
      const issuer = Object.fromEntries(found.issuer_name.split("/").slice(1).map((part) => part.split("=", 2)));
      if (!issuer.CN) throw new Error(`no CN in ${found.issuer_name}`);
      return found;
    }
    url = page.paging?.next;
  }
  throw new Error(`${id} is not among the certificates`);
}

// Each takes the raw body and the headers, and gives a status and the ids that it took.
const styles = {
  // Meta's own sample: both headers are needed, the signature is over the bytes as they came, and 100 kB is the most.
  raw(bytes, headers) {
    if (bytes.length > 100_000) return [413];
    if (!headers["x-hub-signature"]) return [500];
    if (!same(headers["x-hub-signature"], sign("sha1", bytes)) || !same(headers["x-hub-signature-256"], sign("sha256", bytes))) return [401];
    return [200, JSON.parse(bytes).entry.map((entry) => entry.id)];
  },
  // C#: decoded as text, and what is not ASCII escaped again before it is hashed.
  reescaped(bytes, headers) {
    const text = bytes.toString("utf8").replace(/[^\x00-\x7f]/g, (c) => "\\u" + c.charCodeAt(0).toString(16).padStart(4, "0"));
    return same(headers["x-hub-signature-256"], sign("sha256", text)) ? [200, JSON.parse(text).entry.map((entry) => entry.id)] : [401];
  },
  first(bytes) {
    const { entry } = JSON.parse(bytes);
    const { field, value } = entry[0].changes[0];
    return field === "certificate" && value.certificate_pem.endsWith("-----END CERTIFICATE-----\n") ? [200, [entry[0].id]] : [400];
  },
  async slackbot(bytes) {
    for (const entry of JSON.parse(bytes).entry) {
      if ("changed_fields" in entry) return [400];
      for (const change of entry.changes) if (change.field === "certificate") return [200, [(await find(entry.id)).id]];
    }
    return [400];
  },
  strict(bytes, headers) {
    if (!same(headers["x-hub-signature-256"], sign("sha256", bytes))) return [403];
    const body = JSON.parse(bytes);
    const isRight = body.object === "certificate_transparency" && body.entry.every((entry) =>
      typeof entry.id === "string" && Number.isInteger(entry.time) && entry.time < 1e11 && entry.changes.every((change) => /^[0-9a-f]{64}$/.test(change.value.cert_hash_sha256)));
    return isRight ? [200, body.entry.map((entry) => entry.id)] : [422];
  },
  n8n(bytes, headers) {
    return same(headers["x-hub-signature"], sign("sha1", bytes)) ? [200, JSON.parse(bytes).entry.map((entry) => entry.id)] : [401];
  },
};

const server = createServer(async (request, response) => {
  const url = new URL(request.url, "http://localhost");
  if (request.method === "GET") {
    const isRight = url.searchParams.get("hub.mode") === "subscribe" && url.searchParams.get("hub.verify_token") === "meaty ham & hock";
    // Flask receivers parse it as a number.
    response.writeHead(isRight ? 200 : 403).end(String(parseInt(url.searchParams.get("hub.challenge"), 10)));
    return;
  }
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  try {
    const [status, ids = []] = await styles[style](Buffer.concat(chunks), request.headers);
    for (const id of ids) console.log(`took ${id}`);
    if (status !== 200) console.log(`refused ${status}`);
    response.writeHead(status).end();
  } catch (failure) {
    console.log(`refused ${failure.message}`);
    response.writeHead(500).end();
  }
});

server.listen(0, "127.0.0.1", async () => {
  const parameters = {
    object: "certificate_transparency",
    callback_url: `http://127.0.0.1:${server.address().port}/hook?from=meta`,
    fields: ["certificate"],
    verify_token: "meaty ham & hock",
  };
  const form = new FormData();
  form.append("subscribe", domain);
  form.append("access_token", token);
  const watched = await json(await fetch(`${base}/${app}/subscribed_domains`, { method: "POST", body: form }));
  if (watched.success !== true) throw new Error(`success is ${JSON.stringify(watched.success)}`);

  // n8n makes its subscription anew each time, as JSON; the others send a form once.
  for (let i = 0; i < (style === "n8n" ? 2 : 1); i++) {
    const answer = await json(await fetch(`${base}/v2.10/${app}/subscriptions?access_token=${encodeURIComponent(token)}`, style === "n8n"
      ? { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ ...parameters, include_values: true }) }
      : { method: "POST", body: new URLSearchParams({ ...parameters, fields: "certificate" }) }));
    if (answer.success !== true) throw new Error(`success is ${JSON.stringify(answer.success)}`);
  }
  const { data } = await json(await fetch(`${base}/${app}/subscriptions`, { headers: { Authorization: `Bearer ${token}` } }));
  if (data[0].callback_url !== parameters.callback_url || data[0].active !== true) throw new Error(JSON.stringify(data));
  console.log("subscribed");
});
