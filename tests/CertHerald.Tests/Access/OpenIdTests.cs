using System.Net;
using System.Text.Json.Nodes;
using CertHerald.Access;
using CertHerald.Storage;
using CertHerald.Tests.Doubles;
using CertHerald.Tests.WebConsole;
using Microsoft.AspNetCore.WebUtilities;

namespace CertHerald.Tests.Access;

/// <summary>Signing in to the console through an OpenID provider.</summary>
public sealed class OpenIdTests(OpenIdRig shared) : IClassFixture<OpenIdRig>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Somebody_on_the_list_signs_in_and_stands_in_the_audit_trail()
    {
        using OpenIdVisit rig = shared.Fresh();

        string login = (await rig.Browser.GetAsync("/console/login?return=%2Fconsole%2Flogs")).Text;
        Assert.Contains("<a class=\"button\" href=\"/console/openid?return=%2Fconsole%2Flogs\">Sign in with Corp &amp; Co</a>", login, StringComparison.Ordinal);
        Answer answer = await rig.SignInAsync("/console/openid?return=%2Fconsole%2Flogs");

        Assert.Equal((HttpStatusCode.SeeOther, "/console/logs"), (answer.Status, answer.Location));
        Assert.Equal(HttpStatusCode.OK, (await rig.Browser.GetAsync("/console/logs")).Status);
        AuditEntry entry = Assert.Single(await rig.Console.Store.AuditAsync(null, 1, Cancellation));
        Assert.Equal(("openid alice@corp.example", "/console/openid/callback", "done"), (entry.Who, entry.Resource, entry.Outcome));
    }

    [Theory]
    [InlineData("RS256")]
    [InlineData("ES256")]
    [InlineData("PS256")]
    public async Task Tokens_are_taken_in_three_algorithms(string algorithm)
    {
        using OpenIdVisit rig = shared.Fresh();
        rig.Issuer.Algorithm = algorithm;

        Assert.Equal(HttpStatusCode.SeeOther, (await rig.SignInAsync()).Status);
    }

    [Theory]
    [InlineData("another nonce", "nonce", "\"of another sign-in\"")]
    [InlineData("no nonce", "nonce", null)]
    [InlineData("another audience", "aud", "\"another client\"")]
    [InlineData("several audiences and no azp", "aud", "[\"certherald\", \"another client\"]")]
    [InlineData("no audience", "aud", null)]
    [InlineData("made for another party", "azp", "\"another client\"")]
    [InlineData("a foreign issuer", "iss", "\"https://accounts.example\"")]
    [InlineData("no issuer", "iss", null)]
    [InlineData("expired", "exp", "-61")]
    [InlineData("no expiry", "exp", null)]
    [InlineData("not valid yet", "nbf", "61")]
    [InlineData("nobody", "sub", null)]
    public async Task A_token_that_is_not_for_us_here_and_now_is_refused(string what, string claim, string? value)
    {
        using OpenIdVisit rig = shared.Fresh();
        rig.Issuer.Tamper = (_, payload) => payload[claim] = value is null ? null
            : long.TryParse(value, out long seconds) ? rig.Console.Time.GetUtcNow().ToUnixTimeSeconds() + seconds
            : JsonNode.Parse(value);

        Answer answer = await rig.SignInAsync();

        Assert.True(answer.Status == HttpStatusCode.Unauthorized, $"{what}: {answer.Status}");
        Assert.Null(rig.SessionCookie);
    }

    [Theory]
    [InlineData("exp", -59)]
    [InlineData("nbf", 59)]
    public async Task Clocks_may_differ_by_a_minute(string claim, int seconds)
    {
        using OpenIdVisit rig = shared.Fresh();
        rig.Issuer.Tamper = (_, payload) => payload[claim] = rig.Console.Time.GetUtcNow().ToUnixTimeSeconds() + seconds;

        Assert.Equal(HttpStatusCode.SeeOther, (await rig.SignInAsync()).Status);
    }

    [Theory]
    [InlineData("none")]
    [InlineData("HS256")]
    [InlineData("RS512")]
    public async Task A_token_that_is_unsigned_or_signed_otherwise_is_refused(string algorithm)
    {
        using OpenIdVisit rig = shared.Fresh();
        rig.Issuer.Algorithm = algorithm;

        Assert.Equal(HttpStatusCode.Unauthorized, (await rig.SignInAsync()).Status);
    }

    [Fact]
    public async Task A_token_that_asks_for_what_we_do_not_understand_is_refused()
    {
        using OpenIdVisit rig = shared.Fresh();
        rig.Issuer.Tamper = (header, _) => (header["crit"], header["b64"]) = (new JsonArray("b64"), false);

        Assert.Equal(HttpStatusCode.Unauthorized, (await rig.SignInAsync()).Status);
    }

    [Fact]
    public async Task A_token_signed_by_another_key_is_refused_and_a_new_key_of_the_provider_is_fetched()
    {
        using OpenIdVisit rig = shared.Fresh();
        Assert.Equal(HttpStatusCode.SeeOther, (await rig.SignInAsync()).Status);
        rig.Issuer.RotateKeys();
        // Keys were read just now: they are not read again at every token.
        Assert.Equal(HttpStatusCode.Unauthorized, (await rig.SignInAsync()).Status);
        Assert.Single(rig.Issuer.Asked, path => path == "/jwks");

        rig.Console.Time.Advance(TimeSpan.FromMinutes(1));

        Assert.Equal(HttpStatusCode.SeeOther, (await rig.SignInAsync()).Status);
        Assert.Equal(2, rig.Issuer.Asked.Count(path => path == "/jwks"));
    }

    [Theory]
    [InlineData("another state")]
    [InlineData("no state")]
    [InlineData("another browser")]
    [InlineData("too late")]
    public async Task An_answer_to_no_question_of_this_browser_opens_nothing(string what)
    {
        using OpenIdVisit rig = shared.Fresh();
        Uri back = await rig.VisitAsync();
        string query = what switch
        {
            "another state" => QueryHelpers.AddQueryString(back.AbsolutePath, new Dictionary<string, string?> { ["code"] = CodeIn(back), ["state"] = new string('a', 43) }),
            "no state" => QueryHelpers.AddQueryString(back.AbsolutePath, "code", CodeIn(back)),
            _ => back.PathAndQuery,
        };
        if (what == "too late") rig.Console.Time.Advance(TimeSpan.FromMinutes(10));
        using Browser other = rig.Console.NewBrowser();

        Answer answer = await (what == "another browser" ? other : rig.Browser).GetAsync(query);

        Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
        Assert.DoesNotContain("/token", rig.Issuer.Asked);
        Assert.Null(rig.SessionCookie);
    }

    [Fact]
    public async Task A_code_works_once()
    {
        using OpenIdVisit rig = shared.Fresh();
        Uri back = await rig.VisitAsync();
        Assert.Equal(HttpStatusCode.SeeOther, (await rig.Browser.GetAsync(back.PathAndQuery)).Status);

        // The browser has nothing any more that the answer would fit.
        Assert.Equal(HttpStatusCode.BadRequest, (await rig.Browser.GetAsync(back.PathAndQuery)).Status);
        // Nor does the code help another sign-in.
        Uri second = await rig.VisitAsync();
        Answer replayed = await rig.Browser.GetAsync(QueryHelpers.AddQueryString(
            second.AbsolutePath, new Dictionary<string, string?> { ["code"] = CodeIn(back), ["state"] = QueryHelpers.ParseQuery(second.Query)["state"] }));
        Assert.Equal(HttpStatusCode.Unauthorized, replayed.Status);
    }

    [Fact]
    public async Task A_code_of_somebody_elses_sign_in_is_of_no_use_in_this_browser()
    {
        using OpenIdVisit rig = shared.Fresh();
        Uri stolen = await rig.VisitAsync();
        using Browser thief = rig.Console.NewBrowser();
        Uri own = await OpenIdIssuer.VisitAsync((await thief.GetAsync("/console/openid")).Location!);

        Answer answer = await thief.GetAsync(QueryHelpers.AddQueryString(
            own.AbsolutePath, new Dictionary<string, string?> { ["code"] = CodeIn(stolen), ["state"] = QueryHelpers.ParseQuery(own.Query)["state"] }));

        Assert.Equal(HttpStatusCode.Unauthorized, answer.Status);
    }

    [Theory]
    [InlineData("another issuer's", true)]
    [InlineData("nobody's", true)]
    [InlineData("nobody's", false)]
    public async Task Whose_answer_it_is_counts_where_the_provider_says_so(string whose, bool isPromised)
    {
        using OpenIdVisit rig = shared.Fresh();
        rig.Issuer.TamperDiscovery = document => document["authorization_response_iss_parameter_supported"] = isPromised;
        Uri back = await rig.VisitAsync();
        Dictionary<string, string?> query = QueryHelpers.ParseQuery(back.Query).ToDictionary(one => one.Key, one => (string?)one.Value);
        query.Remove("iss");
        if (whose == "another issuer's") query["iss"] = "https://accounts.example";

        Answer answer = await rig.Browser.GetAsync(QueryHelpers.AddQueryString(back.AbsolutePath, query));

        Assert.Equal(isPromised ? HttpStatusCode.Unauthorized : HttpStatusCode.SeeOther, answer.Status);
    }

    [Theory]
    [InlineData("""{ "sub": "1", "email": "mallory@corp.example", "email_verified": true }""", false)]
    [InlineData("""{ "sub": "1", "email": "alice@corp.example", "email_verified": false }""", false)]
    [InlineData("""{ "sub": "1", "email": "alice@corp.example" }""", false)]
    [InlineData("""{ "sub": "alice@corp.example" }""", false)]
    [InlineData("""{ "sub": "1", "email": "bob@staff.example", "email_verified": true }""", true)]
    [InlineData("""{ "sub": "1", "email": "bob@STAFF.example", "email_verified": "true" }""", true)]
    [InlineData("""{ "sub": "1", "email": "bob@evil.staff.example", "email_verified": true }""", false)]
    [InlineData("""{ "sub": "1", "email": "bob@staff.example@evil.example", "email_verified": true }""", false)]
    [InlineData("""{ "sub": "1", "email": "@staff.example", "email_verified": true }""", false)]
    [InlineData("""{ "sub": "1", "email": "bob@\u017Ftaff.example", "email_verified": true }""", false)]
    [InlineData("""{ "sub": "1", "roles": [ "other", "ct-admins" ] }""", true)]
    [InlineData("""{ "sub": "1", "roles": "ct-admins" }""", true)]
    [InlineData("""{ "sub": "1", "roles": [ "CT-Admins" ] }""", false)]
    [InlineData("""{ "sub": "1", "groups": [ "ct-admins" ] }""", false)]
    public async Task Only_who_is_on_the_list_gets_in(string person, bool isIn)
    {
        using OpenIdVisit rig = shared.Fresh(options => options with { Domains = ["staff.example"], Groups = ["ct-admins"], GroupsClaim = "roles" });
        rig.Issuer.Person = JsonNode.Parse(person)!.AsObject();

        Answer answer = await rig.SignInAsync();

        Assert.Equal(isIn ? HttpStatusCode.SeeOther : HttpStatusCode.Forbidden, answer.Status);
        Assert.Equal(isIn, rig.SessionCookie is not null);
    }

    [Theory]
    [InlineData("//evil.example")]
    [InlineData("https://evil.example/console")]
    [InlineData("/console\\@evil.example")]
    [InlineData("/consolation")]
    public async Task Nobody_is_led_to_another_site_afterwards(string back)
    {
        using OpenIdVisit rig = shared.Fresh();

        Answer answer = await rig.SignInAsync($"/console/openid?return={Uri.EscapeDataString(back)}");

        Assert.Equal((HttpStatusCode.SeeOther, "/console"), (answer.Status, answer.Location));
    }

    [Fact]
    public async Task A_provider_that_does_not_answer_is_said_and_is_not_asked_at_every_click()
    {
        using OpenIdVisit rig = shared.Fresh();
        rig.Issuer.Status = HttpStatusCode.BadGateway;

        for (int i = 0; i < 3; i++)
        {
            Answer answer = await rig.Browser.GetAsync("/console/openid");
            Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.Status);
            Assert.Contains("cannot be reached", answer.Text, StringComparison.Ordinal);
        }
        Assert.Single(rig.Issuer.Asked);

        rig.Issuer.Status = HttpStatusCode.OK;
        rig.Console.Time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(HttpStatusCode.SeeOther, (await rig.SignInAsync()).Status);
    }

    [Fact]
    public async Task A_provider_that_is_gone_is_said_and_costs_nobody_a_try()
    {
        await using var own = new OpenIdRig();
        await own.InitializeAsync();
        using OpenIdVisit rig = own.Fresh();
        for (int i = 0; i < 12; i++)
        {
            rig.Issuer.Status = HttpStatusCode.OK;
            Uri back = await rig.VisitAsync();
            rig.Issuer.Status = HttpStatusCode.ServiceUnavailable;
            Assert.Equal(HttpStatusCode.ServiceUnavailable, (await rig.Browser.GetAsync(back.PathAndQuery)).Status);
        }
        Uri last = await rig.VisitAsync();
        await rig.Issuer.DisposeAsync();

        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await rig.Browser.GetAsync(last.PathAndQuery)).Status);
    }

    [Theory]
    [InlineData("issuer", "https://accounts.example")]
    [InlineData("token_endpoint", "http://accounts.example/token")]
    [InlineData("token_endpoint", "file:///etc/passwd")]
    [InlineData("authorization_endpoint", "javascript:alert(1)")]
    [InlineData("jwks_uri", null)]
    public async Task A_provider_that_describes_itself_otherwise_than_it_may_is_not_used(string member, string? value)
    {
        using OpenIdVisit rig = shared.Fresh();
        rig.Issuer.TamperDiscovery = document => document[member] = value;

        Answer answer = await rig.Browser.GetAsync("/console/openid");

        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.Status);
    }

    [Fact]
    public async Task Rule_11_2_ten_failed_sign_ins_through_the_provider_block_the_address()
    {
        using OpenIdVisit rig = shared.Fresh();
        rig.Issuer.Person["email_verified"] = false;
        using Browser other = rig.Console.NewBrowser();
        Uri begun = await OpenIdIssuer.VisitAsync((await other.GetAsync("/console/openid")).Location!);
        for (int i = 0; i < 10; i++) Assert.Equal(HttpStatusCode.Forbidden, (await rig.SignInAsync()).Status);

        Answer begin = await rig.Browser.GetAsync("/console/openid");
        Answer end = await other.GetAsync(begun.PathAndQuery);

        Assert.Equal((HttpStatusCode.TooManyRequests, HttpStatusCode.TooManyRequests), (begin.Status, end.Status));
        Assert.True(begin.Headers.RetryAfter?.Delta > TimeSpan.Zero);
    }

    [Fact]
    public async Task A_page_that_leads_browsers_to_the_callback_blocks_nobody()
    {
        using OpenIdVisit rig = shared.Fresh();
        for (int i = 0; i < 12; i++) Assert.Equal(HttpStatusCode.BadRequest, (await rig.Browser.GetAsync("/console/openid/callback?code=a&state=b")).Status);

        Assert.Equal(HttpStatusCode.SeeOther, (await rig.SignInAsync()).Status);
    }

    [Fact]
    public async Task The_session_ends_by_signing_out_and_when_other_people_may_sign_in()
    {
        using OpenIdVisit rig = shared.Fresh();
        await rig.SignInAsync();
        // Read again and the same: nobody is shut out.
        rig.Console.OpenId.Configure(rig.Console.OpenId.Options! with { ClientSecret = "a newer one", Label = "Another label" });
        string page = (await rig.Browser.GetAsync("/console")).Text;

        rig.Console.OpenId.Configure(rig.Console.OpenId.Options with { Emails = ["bob@corp.example"] });
        Assert.Equal(HttpStatusCode.Redirect, (await rig.Browser.GetAsync("/console")).Status);
        rig.Console.OpenId.Configure(null);
        Assert.Equal(HttpStatusCode.Redirect, (await rig.Browser.GetAsync("/console")).Status);
        rig.Console.OpenId.Configure(rig.Issuer.For(rig.Console.Address));
        Assert.Equal(HttpStatusCode.OK, (await rig.Browser.GetAsync("/console")).Status);

        Assert.Equal(HttpStatusCode.SeeOther, (await rig.Browser.PostAsync("/console/sign-out", ("form_token", ConsoleRig.FormToken(page)))).Status);
        Assert.Equal(HttpStatusCode.Redirect, (await rig.Browser.GetAsync("/console")).Status);
    }

    [Fact]
    public async Task Cookies_of_a_sign_in_under_way_are_closed_to_scripts_and_bound_to_HTTPS_where_there_is_any()
    {
        await using OpenIdIssuer issuer = await OpenIdIssuer.StartAsync(TimeProvider.System);
        await using ConsoleRig rig = await ConsoleRig.StartAsync(alwaysSecure: true);
        rig.OpenId.Configure(issuer.For(rig.Address));

        string cookie = Assert.Single((await rig.Browser.GetAsync("/console/openid")).SetCookies);

        Assert.StartsWith("__Host-certherald-openid=", cookie, StringComparison.Ordinal);
        Assert.All(["secure", "httponly", "samesite=lax", "path=/", "max-age=600"], part => Assert.Contains($"; {part}", cookie, StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task Without_a_provider_there_is_no_button_and_nothing_behind_it()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();

        Assert.DoesNotContain("/console/openid", await rig.PageAsync("/console/login"), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, (await rig.Browser.GetAsync("/console/openid")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await rig.Browser.GetAsync("/console/openid/callback?code=a&state=b")).Status);
    }

    private static string CodeIn(Uri back) => QueryHelpers.ParseQuery(back.Query)["code"].ToString();
}

/// <summary>A service and a provider for the tests of a class; each begins as if nobody had been there.</summary>
public sealed class OpenIdRig : IAsyncLifetime
{
    internal ConsoleRig Console { get; private set; } = null!;

    internal OpenIdIssuer Issuer { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Console = await ConsoleRig.StartAsync();
        Issuer = await OpenIdIssuer.StartAsync(Console.Time);
    }

    internal OpenIdVisit Fresh(Func<OpenIdOptions, OpenIdOptions>? change = null)
    {
        // Beyond every limit that the test before has reached.
        Console.Time.Advance(TimeSpan.FromHours(2));
        Issuer.Reset();
        OpenIdOptions options = Issuer.For(Console.Address);
        Console.OpenId.Configure(change?.Invoke(options) ?? options);
        return new OpenIdVisit(Console, Issuer);
    }

    public async ValueTask DisposeAsync()
    {
        await Console.DisposeAsync();
        await Issuer.DisposeAsync();
    }
}

/// <summary>One browser's visit.</summary>
internal sealed class OpenIdVisit(ConsoleRig console, OpenIdIssuer issuer) : IDisposable
{
    private readonly CookieContainer _cookies = new();
    private Browser? _browser;

    public ConsoleRig Console => console;

    public OpenIdIssuer Issuer => issuer;

    public Browser Browser => _browser ??= console.NewBrowser(_cookies);

    public Cookie? SessionCookie => _cookies.GetCookies(console.Address).SingleOrDefault(cookie => cookie.Name == "certherald");

    /// <summary>Presses the button and signs in there.</summary>
    /// <returns>Where the provider leads back to.</returns>
    public async Task<Uri> VisitAsync(string from = "/console/openid")
    {
        Answer begun = await Browser.GetAsync(from);
        Assert.Equal(HttpStatusCode.SeeOther, begun.Status);
        return await OpenIdIssuer.VisitAsync(begun.Location!);
    }

    public async Task<Answer> SignInAsync(string from = "/console/openid") => await Browser.GetAsync((await VisitAsync(from)).PathAndQuery);

    public void Dispose() => _browser?.Dispose();
}
