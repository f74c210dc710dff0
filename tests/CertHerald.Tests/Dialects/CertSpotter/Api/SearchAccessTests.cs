using System.Net;
using System.Net.Http.Headers;
using CertHerald.Access;
using CertHerald.Dialects.CertSpotter.Api;
using CertHerald.Tests.WebConsole;

namespace CertHerald.Tests.Dialects.CertSpotter.Api;

/// <summary>Who may search, how often, and what scripts of other origins may read.</summary>
public sealed class SearchAccessTests
{
    private const string Search = "/v1/issuances?domain=www.example.com";

    [Fact]
    public async Task A_key_comes_as_bearer_or_as_user_name()
    {
        await using ConsoleRig rig = await SearchRig.StartAsync();
        string key = await rig.KeyAsync(Scope.Read);

        foreach (AuthenticationHeaderValue shown in (AuthenticationHeaderValue[])[new("Bearer", key), SearchRig.Basic(key), new("bearer", key), SearchRig.Basic(key, "anything")])
            Assert.Equal("[]", (await rig.AskAsync(Search, shown)).Text);
    }

    [Fact]
    public async Task A_key_needs_the_scope_read_to_search_and_watch_to_change_what_is_monitored()
    {
        await using ConsoleRig rig = await SearchRig.StartAsync();
        const string domain = "/api/v3/monitoring/monitored_domains/a.example";
        string read = await rig.KeyAsync(Scope.Read), watch = await rig.KeyAsync(Scope.Watch);

        Answer refused = await rig.AskAsync(Search, SearchRig.Basic(watch));
        Assert.Equal((HttpStatusCode.Forbidden, "forbidden"), (refused.Status, refused.Code()));
        Assert.Equal("*", refused.Header("Access-Control-Allow-Origin"));
        Assert.Equal(HttpStatusCode.Forbidden, (await rig.AskAsync(domain, SearchRig.Basic(read), HttpMethod.Post)).Status);
        Assert.Equal(HttpStatusCode.OK, (await rig.AskAsync(domain, SearchRig.Basic(watch), HttpMethod.Post)).Status);
        Assert.Equal(HttpStatusCode.OK, (await rig.AskAsync(domain, SearchRig.Basic(read))).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await rig.AskAsync(domain, SearchRig.Basic(read), HttpMethod.Delete)).Status);
    }

    [Fact]
    public async Task Without_a_valid_key_the_answer_is_401_and_names_both_ways()
    {
        await using ConsoleRig rig = await SearchRig.StartAsync();
        string?[] headers =
        [
            null, "Bearer chk_aaaaaaaa_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "Bearer ", "Basic Y2hrX2FhYWFhYWFhX2FhOg==", "Basic not base64!", "Basic ", "Basic bm9jb2xvbg==",
            "Basic " + new string('A', 2_000), "Digest username=x",
        ];
        foreach (string? header in headers)
        {
            using Browser program = rig.NewBrowser();
            var request = new HttpRequestMessage(HttpMethod.Get, Search);
            if (header is not null) request.Headers.TryAddWithoutValidation("Authorization", header);
            Answer answer = await program.SendAsync(request);
            Assert.Equal($"{header}: 401 unauthorized", $"{header}: {answer.Said()}");
            Assert.Equal(["Bearer", "Basic"], answer.Headers.WwwAuthenticate.Select(way => way.Scheme));
            Assert.Equal("*", answer.Header("Access-Control-Allow-Origin"));
        }
    }

    [Fact]
    public async Task A_user_name_opens_nothing_else()
    {
        await using ConsoleRig rig = await SearchRig.StartAsync();
        string key = await rig.KeyAsync(Scope.Read);

        Answer answer = await rig.AskAsync("/api/issuances", SearchRig.Basic(key));

        Assert.Equal(HttpStatusCode.Unauthorized, answer.Status);
        Assert.Equal(["Bearer"], answer.Headers.WwwAuthenticate.Select(way => way.Scheme));
    }

    [Fact]
    public async Task Wrong_user_names_count_as_wrong_keys()
    {
        await using ConsoleRig rig = await SearchRig.StartAsync();
        for (int i = 0; i < FailedSignIns.Allowed; i++) await rig.AskAsync(Search, SearchRig.Basic("wrong"));

        Answer answer = await rig.AskAsync(Search, SearchRig.Basic("wrong"));

        Assert.Equal((HttpStatusCode.TooManyRequests, "rate_limited"), (answer.Status, answer.Code()));
        Assert.Equal(HttpStatusCode.OK, (await rig.AskAsync(Search, SearchRig.Basic(await rig.KeyAsync(Scope.Read)))).Status);
    }

    [Fact]
    public async Task Where_it_is_allowed_ten_requests_an_hour_are_answered_to_anybody()
    {
        await using ConsoleRig rig = await SearchRig.StartAsync(new CertSpotterApiOptions { Anonymous = true });
        for (int i = 0; i < 10; i++) Assert.Equal("[]", (await rig.AskAsync(Search, authorization: null)).Text);
        rig.Time.Advance(TimeSpan.FromMinutes(15));

        Answer refused = await rig.AskAsync(Search, authorization: null);

        Assert.Equal((HttpStatusCode.TooManyRequests, "rate_limited"), (refused.Status, refused.Code()));
        Assert.Equal(("2700", "10"), (refused.Header("Retry-After"), refused.Header("X-Ratelimit-Limit")));
        Assert.Equal("*", refused.Header("Access-Control-Allow-Origin"));
        Assert.Equal(HttpStatusCode.TooManyRequests, (await rig.AskAsync("/v1/issuances/1", authorization: null)).Status);
        // Whoever shows a key shares nothing with them.
        Assert.Equal(HttpStatusCode.OK, (await rig.AskAsync(Search, SearchRig.Basic(await rig.KeyAsync(Scope.Read)))).Status);
        rig.Time.Advance(TimeSpan.FromMinutes(45));
        Assert.Equal("[]", (await rig.AskAsync(Search, authorization: null)).Text);
    }

    [Fact]
    public async Task Where_anybody_may_search_a_wrong_key_is_still_told_and_nothing_else_is_open()
    {
        await using ConsoleRig rig = await SearchRig.StartAsync(new CertSpotterApiOptions { Anonymous = true });

        Assert.Equal(HttpStatusCode.Unauthorized, (await rig.AskAsync(Search, SearchRig.Basic("wrong"))).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await rig.AskAsync(Search, SearchRig.Basic(await rig.KeyAsync(Scope.Watch)))).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await rig.AskAsync("/api/v3/monitoring/monitored_domains", authorization: null)).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await rig.AskAsync("/api/issuances", authorization: null)).Status);
    }

    [Fact]
    public async Task Each_key_has_its_own_limit_and_the_local_key_has_none()
    {
        await using ConsoleRig rig = await SearchRig.StartAsync(new CertSpotterApiOptions { KeyRequests = 3 });
        string one = await rig.KeyAsync(Scope.Read), other = await rig.KeyAsync(Scope.Read);
        for (int i = 0; i < 3; i++) Assert.Equal(HttpStatusCode.OK, (await rig.AskAsync(Search, new("Bearer", one))).Status);

        Answer refused = await rig.AskAsync(Search, SearchRig.Basic(one));

        Assert.Equal((HttpStatusCode.TooManyRequests, "rate_limited"), (refused.Status, refused.Code()));
        Assert.Equal(("3600", "3"), (refused.Header("Retry-After"), refused.Header("X-Ratelimit-Limit")));
        Assert.Equal(HttpStatusCode.OK, (await rig.AskAsync(Search, SearchRig.Basic(other))).Status);
        for (int i = 0; i < 5; i++) Assert.Equal(HttpStatusCode.OK, (await rig.SearchAsync("domain=www.example.com")).Status);
    }

    [Fact]
    public async Task Keys_have_no_limit_unless_one_is_configured()
    {
        await using ConsoleRig rig = await SearchRig.StartAsync();
        string key = await rig.KeyAsync(Scope.Read);

        for (int i = 0; i < 25; i++) Assert.Equal(HttpStatusCode.OK, (await rig.AskAsync(Search, SearchRig.Basic(key))).Status);
    }

    [Fact]
    public async Task Scripts_of_other_origins_may_ask_with_a_key_and_read_answers_and_errors()
    {
        await using ConsoleRig rig = await SearchRig.StartAsync();
        using Browser script = rig.NewBrowser();
        var question = new HttpRequestMessage(HttpMethod.Options, Search)
        {
            Headers = { { "Origin", "https://app.example" }, { "Access-Control-Request-Method", "GET" }, { "Access-Control-Request-Headers", "authorization" } },
        };

        Answer allowed = await script.SendAsync(question);
        Answer found = await rig.SearchAsync("domain=www.example.com"), wrong = await rig.SearchAsync("domain=");

        Assert.Equal(HttpStatusCode.NoContent, allowed.Status);
        Assert.Equal(("*", "GET", "Authorization"), (
            allowed.Header("Access-Control-Allow-Origin"), allowed.Header("Access-Control-Allow-Methods"), allowed.Header("Access-Control-Allow-Headers")));
        Assert.All([found, wrong], answer => Assert.Equal("*", answer.Header("Access-Control-Allow-Origin")));
        Assert.Contains("Link", found.Header("Access-Control-Expose-Headers"), StringComparison.Ordinal);
        Assert.All([allowed, found], answer => Assert.False(answer.Headers.Contains("Access-Control-Allow-Credentials")));
    }

    [Fact]
    public async Task Only_the_search_is_open_to_scripts_of_other_origins()
    {
        await using ConsoleRig rig = await SearchRig.StartAsync();

        foreach (string path in (string[])["/api/v3/monitoring/monitored_domains", "/api/issuances", "/v1/issuancesx"])
            Assert.False((await rig.AskAsync(HttpMethod.Get, path)).Headers.Contains("Access-Control-Allow-Origin"), path);
    }

    [Fact]
    public void Callers_without_number_leave_the_limits_bounded()
    {
        var limits = new RequestLimits(TimeProvider.System);
        Assert.Null(limits.Take("me", 1, out _));
        Assert.NotNull(limits.Take("me", 1, out bool isFirst));
        Assert.True(isFirst);
        Assert.NotNull(limits.Take("me", 1, out isFirst));
        Assert.False(isFirst);

        for (int i = 0; i < 30_000; i++) Assert.Null(limits.Take($"2001:db8:{i:x}::", 1, out _));
        // Forgotten under the flood: it begins anew.
        Assert.Null(limits.Take("me", 1, out _));
    }
}
