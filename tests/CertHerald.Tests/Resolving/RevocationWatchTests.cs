using System.Diagnostics.Metrics;
using System.Net;
using CertHerald.Delivering;
using CertHerald.Inspecting;
using CertHerald.Names;
using CertHerald.Resolving;
using CertHerald.Storage;
using CertHerald.Tests.Doubles;
using CertHerald.Tests.Fetching;
using CertHerald.Tests.Storage;
using CertHerald.Transparency.Batches;
using CertHerald.Transparency.Certificates;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace CertHerald.Tests.Resolving;

/// <summary>certspotter.md §3.1, revoked and revocation: a real store, a real server, and lists that OpenSSL made.</summary>
public sealed class RevocationWatchTests(RevocationWatchTests.SharedCa shared) : IClassFixture<RevocationWatchTests.SharedCa>, IAsyncLifetime
{
    private static readonly RevocationOptions Options = new() { MostBytes = 1 << 20 };

    private readonly Scratch _scratch = new();
    private readonly ManualTime _time = new();
    private readonly Meter _meter = new("CertHerald.Tests");
    private readonly KeptLog _log = new();
    private readonly Dictionary<string, long> _counted = new(StringComparer.Ordinal);
    private readonly MeterListener _listener = new();
    private readonly PaperLog _paper = new("paper", 8);
    private IStore _store = null!;
    private OpenSslCa? _own;
    private ulong _at;

    /// <summary>A server for all tests, and a CA for those that change nothing of it: making one takes a second.</summary>
    public sealed class SharedCa : IAsyncLifetime
    {
        internal ScriptedServer Server { get; private set; } = null!;

        internal OpenSslCa Ca { get; private set; } = null!;

        /// <summary>A certificate of it that is revoked.</summary>
        internal byte[] Revoked { get; private set; } = [];

        internal RequestDelegate Answer { get; set; } = context => Task.CompletedTask;

        public async ValueTask InitializeAsync()
        {
            Server = await ScriptedServer.StartAsync(context => Answer(context));
            Ca = await OpenSslCa.CreateAsync($"URI:{Server.Url}a.crl");
            Revoked = await Ca.IssueAsync("revoked.example");
            await Ca.RevokeAsync("revoked.example", "keyCompromise");
        }

        public async ValueTask DisposeAsync()
        {
            Ca?.Dispose();
            if (Server is not null) await Server.DisposeAsync();
        }
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private ScriptedServer Server => shared.Server;

    private OpenSslCa Ca => _own ?? shared.Ca;

    private RequestDelegate Answer { set => shared.Answer = value; }

    private string Points => $"URI:{Server.Url}a.crl";

    public async ValueTask InitializeAsync()
    {
        _listener.InstrumentPublished = (instrument, listener) => { if (instrument.Meter == _meter) listener.EnableMeasurementEvents(instrument); };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => _counted[$"{instrument.Name} {(tags.Length > 0 ? tags[0].Value : "")}".Trim()] = instrument is Counter<long> ? value + _counted.GetValueOrDefault($"{instrument.Name} {(tags.Length > 0 ? tags[0].Value : "")}".Trim()) : value);
        _listener.Start();
        _store = Stores.Open("sqlite", _scratch.Folder, _time, _meter);
        shared.Server.Requests.Clear();
        await _store.BeginLogAsync(_paper.Description, _paper.FrontierAt(0), Cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        _own?.Dispose();
        await _store.DisposeAsync();
        _paper.Dispose();
        _meter.Dispose();
        _scratch.Dispose();
    }

    [Fact]
    public async Task Certificates_of_one_list_are_judged_by_one_request_and_a_hold_may_end_and_nothing_else()
    {
        long good = await FindAsync("good.example"), revoked = await FindAsync("revoked.example"), held = await FindAsync("held.example");
        Serve(await Ca.ListAsync(made: "260228000000Z"));
        using RevocationWatch watch = Watch();
        await watch.LookAsync(Cancellation);
        await watch.LookAsync(Cancellation);

        Assert.Equal(["/a.crl"], Server.Requests);
        foreach (long id in (long[])[good, revoked, held]) Assert.Equal(new Revocation(false, null, null, _time.GetUtcNow(), ""), await OfAsync(id));

        await Ca.RevokeAsync("revoked.example", "keyCompromise");
        await Ca.RevokeAsync("held.example", "certificateHold");
        Serve(await Ca.ListAsync(pem: true));
        _time.Advance(Options.Interval * 1.1);
        await watch.LookAsync(Cancellation);

        Revocation found = await OfAsync(revoked);
        Assert.Equal((true, 1, _time.GetUtcNow(), ""), (found.IsRevoked, found.Reason, found.CheckedAt, found.Problem));
        Assert.NotNull(found.RevokedAt);
        Assert.Equal((true, Revocation.Hold), ((await OfAsync(held)).IsRevoked, (await OfAsync(held)).Reason));
        Assert.False((await OfAsync(good)).IsRevoked);
        Assert.Equal(2, Server.Requests.Count);
        Assert.Contains(_log.Lines, line => line.StartsWith($"Warning: Issuance {revoked} is revoked, for reason 1", StringComparison.Ordinal));
        _listener.RecordObservableInstruments();
        Assert.Equal((2, 2, 1), (_counted["certherald_crl_fetches_total ok"], _counted["certherald_crl_certificates revoked"], _counted["certherald_crl_certificates good"]));

        Ca.Pardon();
        Serve(await Ca.ListAsync(made: "260301010000Z"));
        _time.Advance(Options.Interval * 1.1);
        await watch.LookAsync(Cancellation);
        Assert.False((await OfAsync(held)).IsRevoked, "a hold ends when its list says no more of it");
        Assert.True((await OfAsync(revoked)).IsRevoked, "and nothing else does");
    }

    [Theory]
    [InlineData("cut", "no revocation list, or not a whole one")]
    [InlineData("page", "no revocation list, or not a whole one")]
    [InlineData("huge", "larger than 1 MiB")]
    [InlineData("huge in pieces", "larger than 1 MiB")]
    [InlineData("other key", "the issuer's key has not signed it")]
    [InlineData("other issuer", "the list of another issuer")]
    [InlineData("scope", "certificates that name another list")]
    [InlineData("indirect", "certificates of several issuers")]
    [InlineData("authorities", "about other certificates")]
    [InlineData("attributes", "about other certificates")]
    [InlineData("delta", "only what changed since another list")]
    [InlineData("critical", "a critical part that is not understood")]
    [InlineData("future", "of a time to come")]
    [InlineData("redirect", "redirects are not followed")]
    [InlineData("missing", "status 404")]
    [InlineData("closed", "")]
    public async Task A_list_that_cannot_be_believed_says_nothing_and_is_asked_for_again_later(string trouble, string problem)
    {
        long id = await FindAsync(shared.Revoked);
        byte[] whole = await Ca.ListAsync();
        switch (trouble)
        {
            case "cut": Serve(whole[..^10]); break;
            case "page": Serve("<html>Sign in to this network</html>"u8.ToArray()); break;
            case "huge": Serve([.. whole, .. new byte[2 << 20]]); break;
            case "huge in pieces":
                Answer = async context =>
                {
                    // Chunked, and never at its end.
                    while (true) await context.Response.Body.WriteAsync(new byte[1 << 16], context.RequestAborted);
                };
                break;
            case "other key":
                using (OpenSslCa other = await OpenSslCa.CreateAsync(Points)) Serve(await other.ListAsync());
                break;
            case "other issuer":
                using (OpenSslCa other = await OpenSslCa.CreateAsync(Points, "/CN=Another CA")) Serve(await other.ListAsync());
                break;
            case "scope": Serve(await Ca.ListAsync(extensions: "issuingDistributionPoint = critical,@where\n[where]\nfullname = URI:http://elsewhere.example/b.crl")); break;
            case "indirect": Serve(await Ca.ListAsync(extensions: "issuingDistributionPoint = critical,@where\n[where]\nindirectCRL = TRUE")); break;
            case "authorities": Serve(await Ca.ListAsync(extensions: "issuingDistributionPoint = critical,@where\n[where]\nonlyCA = TRUE")); break;
            case "attributes": Serve(await Ca.ListAsync(extensions: "issuingDistributionPoint = critical,@where\n[where]\nonlyAA = TRUE")); break;
            case "delta": Serve(await Ca.ListAsync(extensions: "2.5.29.27 = critical,DER:020101")); break;
            case "critical": Serve(await Ca.ListAsync(extensions: "1.2.3.4 = critical,DER:0500")); break;
            case "future": Serve(await Ca.ListAsync(made: "260302000000Z")); break;
            case "redirect":
                Answer = context =>
                {
                    if (context.Request.Path == "/a.crl") context.Response.Redirect("/b.crl");
                    return Task.CompletedTask;
                };
                break;
            case "missing":
                Answer = context =>
                {
                    context.Response.StatusCode = 404;
                    return Task.CompletedTask;
                };
                break;
            case "closed":
                Answer = context =>
                {
                    context.Abort();
                    return Task.CompletedTask;
                };
                break;
        }
        using RevocationWatch watch = Watch();

        await watch.LookAsync(Cancellation);

        Revocation found = await OfAsync(id);
        Assert.Equal((false, null), (found.IsRevoked, found.CheckedAt));
        Assert.Contains(problem, found.Problem, StringComparison.Ordinal);
        Assert.Equal(["/a.crl"], Server.Requests);
        Assert.Contains(_log.Lines, line => line.StartsWith("Warning: Revocation list ", StringComparison.Ordinal));

        // Rested, then asked again: and told of once.
        await watch.LookAsync(Cancellation);
        Assert.Single(Server.Requests);
        Serve(whole);
        _time.Advance(RevocationWatch.FirstPause * 1.1);
        await watch.LookAsync(Cancellation);
        Assert.True((await OfAsync(id)).IsRevoked);
        Assert.Contains(_log.Lines, line => line.EndsWith("can be used again", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_list_that_is_out_of_date_or_older_than_before_proves_at_most_what_it_revokes()
    {
        long good = await FindAsync("good.example"), revoked = await FindAsync("revoked.example");
        await Ca.RevokeAsync("revoked.example");
        byte[] old = await Ca.ListAsync(made: "260201000000Z", next: "260208000000Z");
        Serve(old);
        using RevocationWatch watch = Watch();
        await watch.LookAsync(Cancellation);

        Assert.True((await OfAsync(revoked)).IsRevoked);
        Assert.Equal((false, null), ((await OfAsync(good)).IsRevoked, (await OfAsync(good)).CheckedAt));
        Assert.Contains("out of date", (await OfAsync(good)).Problem, StringComparison.Ordinal);

        Serve(await Ca.ListAsync());
        _time.Advance(RevocationWatch.FirstPause * 1.1);
        await watch.LookAsync(Cancellation);
        Assert.Equal(_time.GetUtcNow(), (await OfAsync(good)).CheckedAt);
        DateTimeOffset before = _time.GetUtcNow();

        Serve(await Ca.ListAsync(made: "260228000000Z"));
        _time.Advance(Options.Interval * 1.1);
        await watch.LookAsync(Cancellation);
        Assert.Equal(before, (await OfAsync(good)).CheckedAt);
        Assert.Contains("older than the one before", (await OfAsync(good)).Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_next_list_is_asked_for_when_this_one_says_and_nothing_is_for_what_has_expired()
    {
        await FindAsync("good.example", until: "260302000000Z");
        Serve(await Ca.ListAsync(next: "260301140000Z"));         // in two hours
        using RevocationWatch watch = Watch();
        await watch.LookAsync(Cancellation);
        _time.Advance(TimeSpan.FromHours(2) - TimeSpan.FromSeconds(1));
        await watch.LookAsync(Cancellation);
        Assert.Single(Server.Requests);

        _time.Advance(TimeSpan.FromMinutes(15));
        await watch.LookAsync(Cancellation);
        Assert.Equal(2, Server.Requests.Count);

        _time.Advance(TimeSpan.FromDays(1));
        await watch.LookAsync(Cancellation);
        Assert.Equal(2, Server.Requests.Count);
    }

    [Fact]
    public async Task A_certificate_without_a_list_that_could_be_asked_says_why_and_nobody_is()
    {
        long none = await FindAsync("none.example", points: ""), ldap = await FindAsync("ldap.example", points: "URI:ldap://127.0.0.1/cn=x"),
            keyless = await FindAsync("keyless.example", points: Points, shown: false);
        using RevocationWatch watch = Watch();
        await watch.LookAsync(Cancellation);

        Assert.Empty(Server.Requests);
        Assert.Contains("names no revocation list", (await OfAsync(none)).Problem, StringComparison.Ordinal);
        Assert.Contains("no address of http or https", (await OfAsync(ldap)).Problem, StringComparison.Ordinal);
        Assert.Contains("the issuer's key", (await OfAsync(keyless)).Problem, StringComparison.Ordinal);
        _listener.RecordObservableInstruments();
        Assert.Equal((3, 0), (_counted["certherald_crl_certificates unchecked"], _counted["certherald_crl_failing"]));
    }

    [Fact]
    public async Task A_key_that_a_log_shows_and_that_has_not_signed_the_certificate_is_believed_nothing()
    {
        using OpenSslCa other = await OpenSslCa.CreateAsync(Points);
        long id = await FindAsync(shared.Revoked, issuer: other.Certificate), precertificate = await FindAsync(await Ca.IssueAsync("pre.example"), isPrecertificate: true);
        Serve(await Ca.ListAsync());
        using RevocationWatch watch = Watch();
        await watch.LookAsync(Cancellation);

        Assert.Contains("has not signed it", (await OfAsync(id)).Problem, StringComparison.Ordinal);
        Assert.Null((await OfAsync(id)).CheckedAt);
        Assert.NotNull((await OfAsync(precertificate)).CheckedAt);
    }

    [Fact]
    public async Task A_list_of_millions_of_labels_is_left_as_soon_as_it_is_read()
    {
        long id = await FindAsync(shared.Revoked);
        Serve([.. Enumerable.Repeat("-----BEGIN A-----\n"u8.ToArray(), (1 << 20) / 18).SelectMany(label => label)]);
        using RevocationWatch watch = Watch();

        await watch.LookAsync(Cancellation);

        Assert.Contains("no revocation list, or not a whole one", (await OfAsync(id)).Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_second_address_is_asked_if_the_first_gives_nothing()
    {
        long id = await FindAsync("good.example", points: $"{Points},URI:{Server.Url}b.crl");
        byte[] list = await Ca.ListAsync();
        Answer = context =>
        {
            context.Response.StatusCode = context.Request.Path == "/b.crl" ? 200 : 503;
            return context.Request.Path == "/b.crl" ? context.Response.Body.WriteAsync(list).AsTask() : Task.CompletedTask;
        };
        using RevocationWatch watch = Watch();

        await watch.LookAsync(Cancellation);

        Assert.Equal(["/a.crl", "/b.crl"], Server.Requests);
        Assert.Equal((_time.GetUtcNow(), ""), ((await OfAsync(id)).CheckedAt, (await OfAsync(id)).Problem));
    }

    [Fact]
    public async Task An_answer_that_never_ends_is_left_after_its_time()
    {
        long id = await FindAsync("good.example");
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Answer = async context =>
        {
            await context.Response.Body.WriteAsync(new byte[] { 0x30 });
            await context.Response.Body.FlushAsync();
            asked.SetResult();
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        };
        using RevocationWatch watch = Watch();
        Task look = watch.LookAsync(Cancellation);
        await asked.Task.WaitAsync(TimeSpan.FromSeconds(30), Cancellation);

        _time.Advance(Options.Timeout);
        await look.WaitAsync(TimeSpan.FromSeconds(30), Cancellation);

        Assert.Contains("no whole answer within 120 s", (await OfAsync(id)).Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_address_within_is_not_reached_unless_the_operator_opens_it_and_turned_off_nobody_is_asked()
    {
        long id = await FindAsync("good.example");
        Serve(await Ca.ListAsync());
        using (RevocationWatch off = Watch(new RevocationOptions { IsEnabled = false }))
            await off.LookAsync(Cancellation);
        using RevocationWatch watch = Watch(outbound: new OutboundOptions());
        await watch.LookAsync(Cancellation);

        Assert.Empty(Server.Requests);
        Assert.Contains("the address is not allowed", (await OfAsync(id)).Problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("192.0.32.10", 80, false, true)]
    [InlineData("192.0.32.10", 443, true, true)]
    [InlineData("192.0.32.10", 8080, false, false)]
    [InlineData("192.0.32.10", 443, false, false)]
    [InlineData("10.1.2.3", 80, false, false)]
    [InlineData("169.254.169.254", 80, false, false)]
    [InlineData("127.0.0.1", 80, false, false)]
    [InlineData("10.9.0.1", 80, false, true)]
    [InlineData("10.9.0.1", 443, true, true)]
    [InlineData("10.9.0.1", 8443, false, true)]
    [InlineData("10.9.0.1", 6379, false, false)]
    [InlineData("10.9.0.1", 6379, true, false)]
    public async Task Signed_lists_come_by_plain_http_from_addresses_that_are_public_or_opened_and_from_no_odd_port(string address, int port, bool isEncrypted, bool isAllowed)
    {
        var guard = new OutboundGuard(new OutboundOptions { Allow = [IPNetwork.Parse("10.9.0.0/16")] });
        Task<IPEndPoint[]> find = guard.FindAllowedAsync(address, port, isEncrypted, Cancellation, OutboundReach.Signed);
        if (isAllowed) Assert.Equal([new IPEndPoint(IPAddress.Parse(address), port)], await find);
        else await Assert.ThrowsAsync<OutboundBlockedException>(() => find);
    }

    private RevocationWatch Watch(RevocationOptions? options = null, OutboundOptions? outbound = null)
    {
        var guard = new OutboundGuard(outbound ?? new OutboundOptions { Allow = [IPNetwork.Parse("127.0.0.1/32")], Ports = [Server.Url.Port] });
        var http = new HttpClient(guard.Through(guard.CreateHandler, OutboundReach.Signed)) { Timeout = Timeout.InfiniteTimeSpan };
        return new RevocationWatch(_store, http, options ?? Options, _time, _meter, LoggerFactory.Create(logging => logging.AddProvider(_log)).CreateLogger<RevocationWatch>());
    }

    private void Serve(byte[] body) => Answer = context => context.Response.Body.WriteAsync(body).AsTask();

    private async Task<Revocation> OfAsync(long id) => (await _store.FindIssuanceAsync(id, Cancellation))!.Revocation;

    /// <summary>Has a certificate issued and found in a log.</summary>
    private async Task<long> FindAsync(string name, string? points = null, string until = "270101000000Z", bool shown = true)
    {
        _own ??= await OpenSslCa.CreateAsync(Points);
        return await FindAsync(await _own.IssueAsync(name, points ?? Points, until), shown);
    }

    private async Task<long> FindAsync(byte[] der, bool shown = true, byte[]? issuer = null, bool isPrecertificate = false)
    {
        Batch batch = _paper.Read(_at, _at + 1);
        _at++;
        MatchFinding match = Some.Match(batch.Raw, 0, FactsOf(der, issuer, isPrecertificate)) with { IssuerSpki = shown ? Spki(issuer) : null };
        if (!shown) match = match with { Certificate = match.Certificate with { IssuerPubkeySha256 = Some.Hash("another key") } };
        await _store.CommitAsync(_paper.Id, batch, [Some.Unknown(match)], _time.GetUtcNow(), Cancellation);
        return (await _store.IssuancesAsync(null, 1, Cancellation))[0].Id;
    }

    private byte[] Spki(byte[]? issuer) => CertificateView.TryRead(issuer ?? Ca.Certificate, out CertificateView view) ? view.Spki.ToArray() : [];

    private CertificateFacts FactsOf(byte[] der, byte[]? issuer, bool isPrecertificate)
    {
        Assert.True(CertificateView.TryRead(der, out CertificateView view));
        return CertificateReading.Read(der, view, CertificateReading.IdentifiersOf(view), isPrecertificate, CertificateReading.PubkeySha256Of(issuer ?? Ca.Certificate));
    }
}
