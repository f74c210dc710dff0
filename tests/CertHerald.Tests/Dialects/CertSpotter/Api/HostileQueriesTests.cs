using System.Net;
using System.Net.Sockets;
using System.Text;
using CertHerald.Access;
using CertHerald.Tests.WebConsole;

namespace CertHerald.Tests.Dialects.CertSpotter.Api;

/// <summary>Whatever is asked, the answer is one of those that are promised, and the next question is answered.</summary>
public sealed class HostileQueriesTests
{
    [Fact]
    public async Task No_query_is_answered_with_a_failure()
    {
        await using ConsoleRig rig = await SearchRig.StartAsync();
        await rig.FindAsync("www.example.com");
        string key = await rig.KeyAsync(Scope.Read);
        string[] queries =
        [
            "domain=" + new string('a', 7_000),
            "domain=" + string.Concat(Enumerable.Repeat("a.", 3_500)) + "example.com",
            "domain=" + string.Concat(Enumerable.Repeat("%C3%BC", 1_100)),
            "domain=www.example.com%00", "domain=%00", "domain=%00.example.com", "domain=www%2Eexample%2Ecom%00%00",
            "domain=%FF%FE", "domain=%ED%A0%80.example.com", "domain=%ff.example.com", "domain=%zz", "domain=%",
            "domain=www.example.com%0d%0aX-Injected:%201", "domain=%E2%80%AEmoc.elpmaxe", "domain=<script>.example.com",
            "domain=exam*.com", "domain=?.example.com", "domain=%3Cunparsable%3E.example.com", "domain=[::1]", "domain=::1", "domain=a%2Fb.example.com",
            "domain=" + new string('.', 5_000), "domain=.", "domain=..", "domain=-.-.example.com", "domain=_dmarc.example.com",
            "domain=www.example.com&after=" + new string('9', 5_000), "domain=www.example.com&after=18446744073709551616", "domain=www.example.com&after=%00",
            "domain=www.example.com&after=1e3", "domain=www.example.com&after=%D9%A1", "domain=www.example.com&after=9223372036854775807", "domain=www.example.com&after=00000000000000000001",
            "domain=www.example.com" + string.Concat(Enumerable.Repeat("&expand=cert_der", 480)),
            "domain=www.example.com" + string.Concat(Enumerable.Repeat("&expand=x", 880)),
            "domain=www.example.com" + string.Concat(Enumerable.Range(0, 700).Select(i => $"&e{i}=1")),
            "domain=www.example.com&expand=%00&expand=" + new string('e', 4_000), "domain[]=www.example.com", "&&&&", "domain", "=www.example.com", "domain=www.example.com;expand=issuer",
        ];
        foreach (string query in queries)
        {
            (int status, string body) = await GetRawAsync(rig, "/v1/issuances?" + query, key);
            Assert.True(status is 200 or 400 or 403, $"{status} for {query[..Math.Min(60, query.Length)]}: {body}");
            Assert.DoesNotContain("X-Injected", body, StringComparison.Ordinal);
        }

        Assert.Equal(["www.example.com"], await rig.FoundAsync("domain=www.example.com"));
    }

    [Fact]
    public async Task No_address_that_holds_what_no_name_does_changes_or_finds_anything()
    {
        await using ConsoleRig rig = await SearchRig.StartAsync();
        string key = await rig.KeyAsync(Scope.Read);

        // Of these the server takes some for no address at all, and says no more than that.
        foreach (string name in (string[])["a%00b.example", "%00", "%FF.example", "%ED%A0%80.example", "%zz", "a%5Cb.example", "%2F..%2F.example", "%2e%2e%2f"])
        {
            (int status, string body) = await GetRawAsync(rig, "/api/v3/monitoring/monitored_domains/" + name, key);
            Assert.True(status is 400 or 404, $"{status} for {name}: {body}");
        }
        Assert.InRange((await GetRawAsync(rig, "/v1/issuances/1%00", key)).Status, 400, 404);
    }

    [Fact]
    public async Task Dots_that_are_percent_encoded_are_dots()
    {
        await using ConsoleRig rig = await SearchRig.StartAsync();
        await rig.FindAsync("www.example.com");

        Assert.Equal(["www.example.com"], await rig.FoundAsync("domain=www%2Eexample%2Ecom"));
        Assert.Equal(["www.example.com"], await rig.FoundAsync("domain=www%2Eexample%2Ecom%2E"));
    }

    [Fact]
    public async Task What_is_longer_than_a_request_line_is_refused_before_it_is_read()
    {
        await using ConsoleRig rig = await SearchRig.StartAsync();
        string key = await rig.KeyAsync(Scope.Read), expands = string.Concat(Enumerable.Repeat("&expand=cert_der", 10_000));

        foreach (string address in (string[])
            ["/v1/issuances?domain=" + new string('a', 20_000), "/v1/issuances?domain=www.example.com" + expands, "/api/v3/monitoring/monitored_domains/" + new string('a', 20_000)])
            Assert.Equal(414, (await GetRawAsync(rig, address, key)).Status);

        Assert.Equal(HttpStatusCode.OK, (await rig.SearchAsync("domain=www.example.com")).Status);
    }

    [Fact]
    public async Task A_hostile_certificate_is_written_as_JSON_whatever_is_asked_of_it()
    {
        await using ConsoleRig rig = await SearchRig.StartAsync();
        await rig.CommitAsync(SomeFacts.HostileOf(50) with { NotAfter = null });
        await rig.CommitAsync(SomeFacts.Of("www.example.com") with { CertDer = [], PubkeySha256 = "", IssuerPubkeySha256 = null });
        await rig.CommitAsync(SomeFacts.Of("x.example.com") with { CertDer = [0x30, 0x80, 0xFF, 0x00] });

        Answer answer = await rig.SearchAsync(
            "domain=example.com&include_subdomains=true" + string.Concat(CertHerald.Dialects.CertSpotter.Expand.All.Select(one => "&expand=" + one.Value)));

        Assert.Equal(HttpStatusCode.OK, answer.Status);
        Assert.Equal(3, answer.Json.GetArrayLength());
        Assert.Contains(SomeFacts.Hostile, answer.Json[0].GetProperty("dns_names")[0].GetString(), StringComparison.Ordinal);
        Assert.Equal(["pubkey", "pubkey_der"], answer.Json[2].EnumerateObject().Where(member => member.Value.ValueKind == System.Text.Json.JsonValueKind.Null).Select(member => member.Name).Where(name => name.StartsWith("pubkey", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
    }

    /// <summary>As it stands: no client mends it on the way.</summary>
    private static async Task<(int Status, string Body)> GetRawAsync(ConsoleRig rig, string address, string key)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(rig.Address.Host, rig.Address.Port, TestContext.Current.CancellationToken);
        NetworkStream stream = client.GetStream();
        using var reader = new StreamReader(stream, Encoding.UTF8);
        Task<string> answer = reader.ReadToEndAsync(TestContext.Current.CancellationToken);
        try
        {
            await stream.WriteAsync(Encoding.Latin1.GetBytes($"GET {address} HTTP/1.1\r\nHost: {rig.Address.Authority}\r\nAuthorization: Bearer {key}\r\nConnection: close\r\n\r\n"), TestContext.Current.CancellationToken);
        }
        catch (IOException)
        {
            // Refused while it was still being sent.
        }
        string text = await answer;
        return (int.Parse(text.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture), text);
    }
}
