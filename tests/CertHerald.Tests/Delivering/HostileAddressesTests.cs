using System.Net;
using CertHerald.Delivering;
using CertHerald.Dialects.CertSpotter;

namespace CertHerald.Tests.Delivering;

/// <summary>What people try to make a service call, and what honest receivers have. Answers are those of the name server; none for a literal.</summary>
public sealed class HostileAddressesTests
{
    private static readonly OutboundOptions Strict = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static TheoryData<string, string> Hostile => new()
    {
        // IPv4 in every spelling that inet_aton takes.
        { "https://127.0.0.1/", "" },
        { "https://127.1/", "" },
        { "https://127.0.1/", "" },
        { "https://2130706433/", "" },
        { "https://0x7f000001/", "" },
        { "https://0x7f.0.0.1/", "" },
        { "https://0x7f.1/", "" },
        { "https://0177.0.0.1/", "" },
        { "https://017700000001/", "" },
        { "https://0x7f.0.0x0.01/", "" },
        { "https://0/", "" },
        { "https://0.0.0.0/", "" },
        { "https://127.255.255.254/", "" },
        { "https://3232235777/", "" },                                // 192.168.1.1
        { "https://0xa9fea9fe/", "" },                                // 169.254.169.254
        { "https://0251.0376.0251.0376/", "" },
        { "https://169.254.43518/", "" },
        { "https://169.254.169.254/latest/meta-data/", "" },
        { "https://168.63.129.16/", "" },
        { "https://10.0.0.1/", "" },
        { "https://100.100.100.200/", "" },
        { "https://172.16.0.1/", "" },
        { "https://192.168.0.1/", "" },
        { "https://192.0.0.192/", "" },
        { "https://198.18.0.1/", "" },
        { "https://224.0.0.1/", "" },
        { "https://255.255.255.255/", "" },
        // Dots and digits of other scripts.
        { "https://①②⑦.⓪.⓪.①/", "" },
        { "https://127。0。0。1/", "" },
        { "https://127．0．0．1/", "" },
        { "https://127｡0｡0｡1/", "" },
        { "https://１２７.0.0.1/", "" },
        { "https://ⓛocalhost/", "127.0.0.1" },
        // Dots at the end.
        { "https://127.0.0.1./", "127.0.0.1" },
        { "https://localhost./", "127.0.0.1 ::1" },
        { "https://169.254.169.254./", "" },
        // IPv6.
        { "https://[::1]/", "" },
        { "https://[::]/", "" },
        { "https://[0:0:0:0:0:0:0:1]/", "" },
        { "https://[::ffff:127.0.0.1]/", "" },
        { "https://[::ffff:7f00:1]/", "" },
        { "https://[::ffff:8.8.8.8]/", "" },
        { "https://[::127.0.0.1]/", "" },
        { "https://[::ffff:0:127.0.0.1]/", "" },                      // IPv4-translated, RFC 2765
        { "https://[64:ff9b::127.0.0.1]/", "" },
        { "https://[64:ff9b::a9fe:a9fe]/", "" },
        { "https://[64:ff9b:1::7f00:1]/", "" },
        { "https://[2002:7f00:1::]/", "" },
        { "https://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/", "" },
        { "https://[2606:4700::5efe:7f00:1]/", "" },
        { "https://[fe80::1]/", "" },
        { "https://[fe80::1%25eth0]/", "" },
        { "https://[fe80::1%eth0]/", "" },
        { "https://[2606:4700::1111%251]/", "" },
        { "https://[fc00::1]/", "" },
        { "https://[fd00:ec2::254]/", "" },
        { "https://[fec0::1]/", "" },
        { "https://[ff02::1]/", "" },
        { "https://[2001:db8::1]/", "" },
        { "https://[100::1]/", "" },
        { "https://[3fff::1]/", "" },
        // User information, ports, schemes and backslashes, to be read differently by different readers.
        { "https://public.example@127.0.0.1/", "" },
        { "https://public.example:443@127.0.0.1/", "" },
        { "https://public.example%40@127.0.0.1/", "" },
        { "https://127.0.0.1:443\\@public.example/", "8.8.8.8" },
        { "https://public.example\\@127.0.0.1/", "8.8.8.8" },
        { "https://public.example#@127.0.0.1/", "8.8.8.8" },
        { "https://public.example:22/", "8.8.8.8" },
        { "https://public.example:6379/", "8.8.8.8" },
        { "http://public.example/", "8.8.8.8" },
        { "http://public.example:443/", "8.8.8.8" },
        { "https://public.example:0/", "8.8.8.8" },
        { "file:///etc/passwd", "" },
        { "gopher://127.0.0.1:6379/_x", "" },
        { "ftp://public.example/", "8.8.8.8" },
        { "https://pub\tlic.example/", "8.8.8.8" },
        { "https://public.example\r\nHost: x/", "8.8.8.8" },
        // What name servers say.
        { "https://localhost/", "127.0.0.1" },
        { "https://inside.example/", "10.0.0.1" },
        { "https://mixed.example/", "8.8.8.8 10.0.0.1" },
        { "https://mixed.example/", "10.0.0.1 8.8.8.8" },
        { "https://mixed.example/", "8.8.8.8 ::1" },
        { "https://mixed.example/", "2606:4700::1111 fe80::1" },
        { "https://mapped.example/", "::ffff:10.0.0.1" },
        { "https://mapped.example/", "::ffff:8.8.8.8" },
        { "https://dns64.example/", "64:ff9b::a00:1" },
        { "https://zone.example/", "fe80::1%2" },
        { "https://zone.example/", "2606:4700::1111%2" },
        { "https://127.0.0.1.nip.example/", "127.0.0.1" },
        { "https://metadata.example/", "169.254.169.254" },
        { "https://metadata.example/", "fd00:ec2::254" },
        { "https://any.example/", "0.0.0.0" },
        { "https://any.example/", "::" },
        { "https://broadcast.example/", "255.255.255.255" },
        { "https://many.example/", "8.8.8.8 8.8.4.4 1.1.1.1 1.0.0.1 9.9.9.9 192.168.1.1" },
    };

    public static TheoryData<string, string, string> Friendly => new()
    {
        { "https://hooks.example/ct", "8.8.8.8", "8.8.8.8:443" },
        { "https://hooks.example./ct", "8.8.8.8", "8.8.8.8:443" },
        { "https://hooks.example:8443/ct", "8.8.8.8", "8.8.8.8:8443" },
        { "https://user:p%40ss@hooks.example/ct", "8.8.8.8", "8.8.8.8:443" },
        { "https://hooks.example/redirect?to=http://127.0.0.1/", "8.8.8.8", "8.8.8.8:443" },
        { "https://127.0.0.1.hooks.example/", "8.8.8.8", "8.8.8.8:443" },
        { "https://bücher.example/", "8.8.8.8", "8.8.8.8:443" },
        { "https://both.example/", "2606:4700::1111 8.8.8.8 2001:4860:4860::8888 1.1.1.1", "8.8.8.8:443 1.1.1.1:443 [2606:4700::1111]:443 [2001:4860:4860::8888]:443" },
        { "https://six.example/", "2606:4700::1111", "[2606:4700::1111]:443" },
        { "https://dns64.example/", "64:ff9b::808:808", "[64:ff9b::808:808]:443" },
        { "https://8.8.8.8/", "", "8.8.8.8:443" },
        { "https://134744072/", "", "8.8.8.8:443" },
        { "https://[2606:4700::1111]/", "", "[2606:4700::1111]:443" },
        { "https://[64:ff9b::8.8.8.8]/", "", "[64:ff9b::808:808]:443" },
        { "https://9.255.255.255/", "", "9.255.255.255:443" },
        { "https://100.128.0.1/", "", "100.128.0.1:443" },
        { "https://172.32.0.1/", "", "172.32.0.1:443" },
        { "https://169.253.169.254/", "", "169.253.169.254:443" },
    };

    [Theory]
    [MemberData(nameof(Hostile))]
    public async Task Rule_9_1_T9_T10_a_hostile_address_is_refused(string url, string answers)
    {
        // Refused where it is written, or else where it is connected to.
        if (!WebhookUrl.TryParse(url, out WebhookUrl? parsed, out _)) return;

        using var sender = new WebhookSender(new OutboundGuard(Strict, Resolver(answers)), TimeProvider.System);
        Answer answer = await sender.PostAsync(Given.Webhook(parsed.Address), new CertSpotterDialect().Rules, "key", "{}"u8.ToArray(), Cancellation);
        Assert.Equal((AttemptOutcome.Blocked, OutboundBlockedException.ForUsers), (answer.Outcome, answer.Detail));
    }

    [Theory]
    [MemberData(nameof(Friendly))]
    public async Task Rule_9_1_an_honest_address_passes(string url, string answers, string allowed)
    {
        Assert.True(WebhookUrl.TryParse(url, out WebhookUrl? parsed, out _));
        IPEndPoint[] found = await new OutboundGuard(Strict, Resolver(answers)).FindAllowedAsync(parsed.Address.IdnHost, parsed.Address.Port, true, Cancellation);
        Assert.Equal(allowed, string.Join(' ', found.Select(address => address.ToString())));
    }

    [Theory]
    [InlineData("https://")]
    [InlineData("https://./")]
    [InlineData("https://[fe80::1%25eth0]/")]
    [InlineData("https://public.example\\@127.0.0.1/")]
    [InlineData("https://public.example#@127.0.0.1/")]
    [InlineData("gopher://127.0.0.1:6379/_x")]
    [InlineData("https://pub\tlic.example/")]
    [InlineData("https://public.example\r\nHost: x/")]
    public void Rule_9_2_what_readers_disagree_about_is_refused_where_it_is_written(string url) => Assert.False(WebhookUrl.TryParse(url, out _, out _));

    [Fact]
    public async Task A_name_without_an_address_is_an_answer_of_its_name_servers()
    {
        var guard = new OutboundGuard(Strict, (_, _) => Task.FromResult<IPAddress[]>([]));
        Assert.False((await Assert.ThrowsAsync<NameResolutionException>(() => guard.FindAllowedAsync("empty.example", 443, true, Cancellation))).MayBeLocal);
    }

    [Fact]
    public void The_table_has_at_least_60_rows() => Assert.True(Hostile.Count >= 60);

    private static ResolveHost Resolver(string answers) => (host, _) => Task.FromResult<IPAddress[]>(
        answers.Length > 0 ? [.. answers.Split(' ').Select(IPAddress.Parse)] : throw new InvalidOperationException($"{host} is a literal and needs no name server"));
}
