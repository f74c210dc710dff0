using System.Net;
using System.Security.Cryptography;
using CertHerald.Deciding;
using CertHerald.Resolving;
using CertHerald.Tests.Doubles;

namespace CertHerald.Tests.Resolving;

/// <summary>Look-ups against a name server on loopback: RFC 1035, RFC 8659.</summary>
public sealed class DnsClientTests : IAsyncDisposable
{
    private readonly NameServer _server = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task Records_come_as_they_were_served_and_a_name_without_any_has_none()
    {
        _server.Zone["example.com"] = ["0 issue \"letsencrypt.org; accounturi=https://ca.example/1\"", "128 ISSUEWILD \";\"", "0 iodef \"mailto:a@example.com\""];
        _server.Zone["empty.example.com"] = [];

        CaaAnswer answer = await AskAsync("example.com");

        Assert.Equal(
            [new CaaRecord(0, "issue", "letsencrypt.org; accounturi=https://ca.example/1"), new CaaRecord(128, "issuewild", ";"), new CaaRecord(0, "iodef", "mailto:a@example.com")],
            answer.Records!);
        Assert.Empty((await AskAsync("empty.example.com")).Records!);
        Assert.Empty((await AskAsync("nothing.example.com")).Records!);
    }

    [Fact]
    public async Task What_does_not_fit_into_a_datagram_is_asked_for_over_tcp()
    {
        _server.Zone["example.com"] = [.. Enumerable.Range(0, 200).Select(i => $"0 issue \"{Some.Numbered("ca", i)}.example\"")];
        _server.Truncates = true;

        Assert.Equal(200, (await AskAsync("example.com")).Records!.Count);
        Assert.Equal(["udp example.com", "tcp example.com"], _server.Asked);
    }

    [Theory]
    [InlineData(2, "SERVFAIL")]
    [InlineData(5, "REFUSED")]
    [InlineData(1, "FORMERR")]
    [InlineData(9, "an error (9)")]
    public async Task A_failed_query_is_no_absence(int code, string says)
    {
        _server.Failing["example.com"] = code;

        CaaAnswer answer = await AskAsync("example.com");

        Assert.Null(answer.Records);
        Assert.Contains(says, answer.Problem, StringComparison.Ordinal);
        // Once more: servers stumble.
        Assert.Equal(2, _server.Asked.Count);
    }

    [Fact]
    public async Task A_server_that_says_nothing_is_given_up_and_the_next_one_is_asked()
    {
        await using var silent = new NameServer { Lie = _ => [] };
        _server.Zone["example.com"] = ["0 issue \"a.example\""];
        var time = new ManualTime();

        Task<CaaAnswer> asking = new DnsClient(() => [silent.Address, _server.Address], time).AskAsync("example.com", Cancellation);
        await time.WaitForTimerAsync(DnsClient.Patience);
        await Eventually.HappensAsync(() => silent.Asked.Count == 1);
        time.Advance(DnsClient.Patience);

        Assert.Single((await asking).Records!);
    }

    [Fact]
    public async Task Nobody_who_answers_is_a_failure_with_its_reason()
    {
        Assert.Contains("dns_servers", (await new DnsClient(() => [], TimeProvider.System).AskAsync("example.com", Cancellation)).Problem, StringComparison.Ordinal);
        CaaAnswer refused = await new DnsClient(() => [new IPEndPoint(IPAddress.Loopback, FreePorts.Next())], TimeProvider.System).AskAsync("example.com", Cancellation);
        Assert.Contains("cannot be asked", refused.Problem, StringComparison.Ordinal);
        Assert.Contains("fits into no question", (await AskAsync("a..example")).Problem, StringComparison.Ordinal);
        Assert.Contains("fits into no question", (await AskAsync(new string('a', 64) + ".example")).Problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("another id")]
    [InlineData("another name")]
    [InlineData("another type")]
    [InlineData("a question")]
    [InlineData("a header cut off")]
    public async Task Who_answers_what_was_not_asked_is_not_listened_to(string what)
    {
        _server.Zone["example.com"] = ["0 issue \"right.example\""];
        _server.Lie = question =>
        {
            byte[] wrong = NameServer.Header(question, question.Length - 11, 0, 1, NameServer.Record("example.com", 257, [0, 5, .. "issue"u8, .. "evil.example"u8]));
            switch (what)
            {
                case "another id": wrong[0] ^= 1; break;
                case "another name": wrong[13] = (byte)'x'; break;
                case "another type": wrong[question.Length - 11 - 3] ^= 1; break;
                case "a question": wrong[2] &= 0x7F; break;
                default: wrong = wrong[..11]; break;
            }
            return [wrong, _server.Answer(question)];
        };

        Assert.Equal("right.example", Assert.Single((await AskAsync("example.com")).Records!).Value);
    }

    [Theory]
    [InlineData("no tag", new byte[] { 0, 0, (byte)'x' })]
    [InlineData("a tag beyond its data", new byte[] { 0, 9, (byte)'i' })]
    [InlineData("a tag with a space", new byte[] { 0, 2, (byte)'a', (byte)' ' })]
    [InlineData("no data", new byte[] { })]
    [InlineData("a value with a line break", new byte[] { 0, 1, (byte)'a', (byte)'\n' })]
    [InlineData("a value beyond ASCII", new byte[] { 0, 1, (byte)'a', 0xFC })]
    public async Task A_malformed_record_fails_the_whole_answer(string what, byte[] data)
    {
        _server.Lie = question => [NameServer.Header(question, question.Length - 11, 0, 2, [
            .. NameServer.Record("example.com", 257, [0, 5, .. "issue"u8, .. "good.example"u8]), .. NameServer.Record("example.com", 257, data)])];

        CaaAnswer answer = await AskAsync("example.com");

        Assert.True(answer.Records is null, what);
        Assert.Contains("cannot be read", answer.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_alias_leads_to_the_records_and_records_of_others_are_passed_over()
    {
        _server.Zone["www.example.com"] = ["CNAME cdn.example.net"];
        _server.Zone["cdn.example.net"] = ["CNAME edge.example.net"];
        _server.Zone["edge.example.net"] = ["0 issue \"cdn.example\""];
        _server.Zone["circle.example"] = ["CNAME circle.example"];

        Assert.Equal("cdn.example", Assert.Single((await AskAsync("www.example.com")).Records!).Value);
        Assert.Contains("alias", (await AskAsync("circle.example")).Problem, StringComparison.Ordinal);
        _server.Lie = question => [NameServer.Header(question, question.Length - 11, 0, 1, NameServer.Record("other.example", 257, [0, 5, .. "issue"u8, .. "evil.example"u8]))];
        Assert.Empty((await AskAsync("example.com")).Records!);
    }

    [Fact]
    public void Names_with_pointers_end_and_no_bytes_make_it_throw()
    {
        byte[] question = DnsMessage.Ask(7, "example.com")!;
        byte[] Answered(params byte[] owner) => NameServer.Header(question, question.Length - 11, 0, 1, [.. owner, 1, 1, 0, 1, 0, 0, 0, 0, 0, 8, 0, 5, .. "issue"u8, (byte)';']);
        Assert.Equal(DnsOutcome.Answered, DnsMessage.Read(Answered(0xC0, 12), 7, "example.com", out IReadOnlyList<CaaRecord> records, out _));
        Assert.Equal(";", Assert.Single(records).Value);
        // To itself, forwards, and into nowhere.
        byte here = (byte)(question.Length - 11);
        foreach (byte[] owner in (byte[][])[[0xC0, here], [0xC0, (byte)(here + 4)], [0xFF, 0xFF], [0xC0], [1, (byte)'.', 0], [64, 0]])
            Assert.Equal(DnsOutcome.Failed, DnsMessage.Read(Answered(owner), 7, "example.com", out _, out _));

        byte[] right = Answered(0xC0, 12);
        for (int length = 0; length < right.Length; length++) Assert.NotEqual(DnsOutcome.Answered, DnsMessage.Read(right.AsSpan(0, length), 7, "example.com", out _, out _));
        var random = new Random(8659);
        for (int i = 0; i < 20_000; i++)
        {
            byte[] changed = [.. right];
            for (int changes = random.Next(1, 4); changes > 0; changes--) changed[random.Next(changed.Length)] = (byte)random.Next(256);
            DnsMessage.Read(changed, 7, "example.com", out _, out _);
            DnsMessage.Read(RandomNumberGenerator.GetBytes(random.Next(64)), 7, "example.com", out _, out _);
        }
    }

    [Fact]
    public async Task Looking_climbs_to_the_nearest_name_with_records_and_asks_each_name_once()
    {
        _server.Zone["example.com"] = ["0 issue \"a.example\""];
        _server.Zone["own.example.com"] = ["0 iodef \"mailto:a@example.com\""];
        // An alias without records of its own: from the name, not from what it leads to (RFC 8659 §3).
        _server.Zone["www.example.com"] = ["CNAME cdn.example.net"];
        _server.Zone["example.net"] = ["0 issue \"another.example\""];
        var lookup = new CaaLookup(new DnsClient(() => [_server.Address], TimeProvider.System).AskAsync);

        Assert.Equal(("example.com", "a.example"), await FindAsync("a.b.example.com"));
        Assert.Equal(("example.com", "a.example"), await FindAsync("www.example.com"));
        Assert.Equal(("own.example.com", "mailto:a@example.com"), await FindAsync("own.example.com"));
        Assert.Equal("", (await lookup.FindAsync("a.example.org", Cancellation)).Set!.Owner);
        Assert.Equal(_server.Asked.Distinct().Order(), _server.Asked.Order());

        async Task<(string, string)> FindAsync(string name)
        {
            CaaSet set = (await lookup.FindAsync(name, Cancellation)).Set!;
            return (set.Owner, Assert.Single(set.Records).Value);
        }
    }

    [Fact]
    public async Task A_name_that_cannot_be_asked_may_have_records_so_nothing_above_it_counts()
    {
        _server.Zone["example.com"] = ["0 issue \"a.example\""];
        _server.Failing["pay.example.com"] = 2;

        (CaaSet? set, string problem) = await new CaaLookup(new DnsClient(() => [_server.Address], TimeProvider.System).AskAsync).FindAsync("www.pay.example.com", Cancellation);

        Assert.Null(set);
        Assert.StartsWith("pay.example.com: ", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void The_systems_name_servers_are_those_of_its_file()
    {
        using var scratch = new Scratch();
        string file = scratch.Write("resolv.conf", "# made\nsearch example.com\nnameserver 192.0.2.53\nnameserver\tnonsense\noptions edns0\nnameserver 2001:db8::53\nnameserver 192.0.2.54\n");

        Assert.Equal(["192.0.2.53:53", "[2001:db8::53]:53", "192.0.2.54:53"], NameServers.OfSystem(file).Select(server => server.ToString()));
        Assert.Equal("127.0.0.1:53", Assert.Single(NameServers.OfSystem(scratch.PathOf("none"))).ToString());
        Assert.Equal("127.0.0.1:53", Assert.Single(NameServers.OfSystem(scratch.Write("empty", "search example.com\n"))).ToString());
        Assert.Equal(["192.0.2.53:53", "192.0.2.53:5353", "[2001:db8::53]:5353", ""], new[] { "192.0.2.53", "192.0.2.53:5353", "[2001:db8::53]:5353", "ns.example.com" }.Select(text => NameServers.Parse(text)?.ToString() ?? ""));
    }

    private Task<CaaAnswer> AskAsync(string name) => new DnsClient(() => [_server.Address], TimeProvider.System).AskAsync(name, Cancellation);
}
