using System.Buffers.Binary;
using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using CertHerald.Access;
using CertHerald.Api;
using CertHerald.Deciding;
using CertHerald.Delivering;
using CertHerald.Dialects;
using CertHerald.Dialects.CertSpotter.Api;
using CertHerald.Dialects.Meta.Graph;
using CertHerald.Fetching;
using CertHerald.Following;
using CertHerald.Inspecting;
using CertHerald.Names;
using CertHerald.Protecting;
using CertHerald.Storage;
using CertHerald.Tests.Delivering;
using CertHerald.Tests.Doubles;
using CertHerald.Tests.Storage;
using CertHerald.Tests.Transparency.Heads;
using CertHerald.Transparency.Batches;
using CertHerald.Transparency.Entries;
using CertHerald.Transparency.Heads;
using CertHerald.Transparency.LogLists;
using CertHerald.Transparency.Logs;
using CertHerald.Transparency.Merkle;
using CertHerald.WebConsole;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace CertHerald.Tests.WebConsole;

/// <summary>API and console on a real server and a real store, with a clock that stands still; no log, no deliveries.</summary>
internal sealed partial class ConsoleRig : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("certherald-console-").FullName;
    private readonly ECDsa _logKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly LogDescription _log;
    private readonly CookieContainer _cookies = new();
    private LogPosition _position = LogPosition.At(Frontier.Empty);
    private VerifiedHead? _announced;
    private WebApplication _app = null!;

    private ConsoleRig()
    {
        Assert.True(LogKey.TryCreate(_logKey.ExportSubjectPublicKeyInfo(), out LogKey? key, out _));
        _log = LogDescription.Custom(key, LogProtocol.Rfc6962, "https://log.example.net/2026/", description: "Example “2026”", @operator: "Example & Co");
        Store = Stores.Open("sqlite", _folder, Time, Meter);
        Watched = new Watched(WatchList.Empty, KnownCertificates.None, Meter);
    }

    public ManualTime Time { get; } = new(new DateTimeOffset(2026, 11, 21, 12, 0, 0, TimeSpan.Zero));

    public Meter Meter { get; } = new("CertHerald");

    public IStore Store { get; }

    /// <summary>Where its store lies.</summary>
    public string Database => Path.Combine(_folder, "certherald.db");

    public Watched Watched { get; }

    /// <summary>Nothing, unless a test says so.</summary>
    public ProtectedDomains Protected => Services.GetRequiredService<ProtectedDomains>();

    /// <summary>One stands in the configuration.</summary>
    public CertHerald.Delivering.Webhooks Webhooks { get; } = new("https://ct.example.com", [Given.Webhook(new Uri("https://siem.example.com/configured-canary"), "configured")], WebhookDialects.All);

    public Bell Bell { get; } = new();

    public List<Check> Checks { get; } = [];

    public Browser Browser { get; private set; } = null!;

    public Uri Address => new(_app.Urls.Single());

    public LoginLinks Links => _app.Services.GetRequiredService<LoginLinks>();

    /// <summary>The logs that are followed: none, unless a test says so.</summary>
    public List<FollowedLog> Live { get; } = [];

    /// <summary>What lists hold that cannot be followed.</summary>
    public List<RefusedLog> Refused { get; } = [];

    /// <summary>Asks a provider once it is configured.</summary>
    public OpenIdProvider OpenId => _app.Services.GetRequiredService<OpenIdProvider>();

    public IServiceProvider Services => _app.Services;

    public LogId Log => _log.Id;

    public static Task<ConsoleRig> StartAsync(bool alwaysSecure = false, params string[] trustedProxies) => StartAsync(null, alwaysSecure, trustedProxies, index: null);

    public static async Task<ConsoleRig> StartAsync(CertSpotterApiOptions? certSpotterApi, bool alwaysSecure = false, IReadOnlyList<string>? trustedProxies = null, IndexOptions? index = null)
    {
        var rig = new ConsoleRig();
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "certherald" });
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Limits.MaxRequestBodySize = 1 << 20).UseUrls("http://127.0.0.1:0");
        builder.Services.AddSingleton<TimeProvider>(rig.Time);
        builder.Services.AddSingleton(rig.Meter);
        builder.Services.AddSingleton(rig.Store);
        builder.Services.AddSingleton(rig.Watched);
        builder.Services.AddSingleton(rig.Webhooks);
        builder.Services.AddSingleton(WebhookDialects.All);
        builder.Services.AddSingleton<CheckSource>(_ => Task.FromResult<IReadOnlyList<Check>>(rig.Checks));
        builder.Services.AddSingleton(rig.Bell);
        builder.Services.AddSingleton<IReadOnlyList<IWebhookDialect>>(WebhookDialects.All);
        builder.Services.AddSingleton(new OutboundGuard(new OutboundOptions { Allow = [IPNetwork.Parse("127.0.0.0/8")] }));
        builder.Services.AddSingleton<WebhookSender>();
        builder.Services.AddSingleton(provider => new OpenIdProvider(
            null, new HttpClient(provider.GetRequiredService<OutboundGuard>().Through(provider.GetRequiredService<OutboundGuard>().CreateHandler, OutboundReach.Named)),
            rig.Time, provider.GetRequiredService<ILogger<OpenIdProvider>>()));
        var sample = new NameSample(1_000, seed: 1);
        builder.Services.AddSingleton(new ProtectedDomains([], null, null, sample, rig.Meter));
        builder.Services.AddSingleton(provider => new OrdinaryNames(sample, provider.GetRequiredService<ProtectedDomains>(), rig._folder, rig.Time, provider.GetRequiredService<ILogger<OrdinaryNames>>()));
        builder.Services.AddSingleton<WebhookTests>();
        builder.Services.AddSingleton<WebhookHandshake>();
        builder.Services.AddApi();
        builder.Services.AddSingleton(index ?? new IndexOptions());
        builder.Services.AddCertSpotterApi(certSpotterApi ?? new CertSpotterApiOptions());
        GraphApi.Add(builder.Services);
        builder.Services.AddSingleton<LiveLogs>(() => rig.Live);
        builder.Services.AddSingleton<RefusedLogs>(() => rig.Refused);
        builder.Services.AddAccess(new AccessOptions { AlwaysSecure = alwaysSecure, TrustedProxies = [.. (trustedProxies ?? []).Select(IPNetwork.Parse)] });
        builder.Services.AddConsole();

        rig._app = builder.Build();
        rig._app.UseSecurityHeaders();
        rig._app.UseCertSpotterApi();
        rig._app.UseFailureAnswers();
        rig._app.UseAccess();
        rig._app.MapApi();
        rig._app.MapCertSpotterApi();
        GraphApi.Map(rig._app);
        rig._app.MapConsole();
        await rig._app.StartAsync();
        rig.Browser = rig.NewBrowser(rig._cookies);
        await rig.Store.BeginLogAsync(rig._log, rig._position.Read, default);
        return rig;
    }

    /// <summary>A browser of somebody else, unless it is given cookies.</summary>
    public Browser NewBrowser(CookieContainer? cookies = null) => new(Address, cookies ?? new CookieContainer());

    public async Task SignInAsync() => Assert.Equal(HttpStatusCode.SeeOther, (await UseLinkAsync(Links.Create())).Status);

    /// <summary>Asks as a program does: with a key and a body in JSON.</summary>
    /// <param name="key">Null: the local key.</param>
    public async Task<Answer> AskAsync(HttpMethod method, string path, object? body = null, string? key = null, string? forwardedFor = null)
    {
        using Browser program = NewBrowser();
        var request = new HttpRequestMessage(method, path);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key ?? Services.GetRequiredService<LocalKey>().Text);
        if (forwardedFor is not null) request.Headers.Add("X-Forwarded-For", forwardedFor);
        if (body is not null) request.Content = JsonContent.Create(body);
        return await program.SendAsync(request);
    }

    /// <summary>Opens a login link and presses its button.</summary>
    public async Task<Answer> UseLinkAsync(string token, string back = "")
    {
        string page = await PageAsync($"/console/login?token={Uri.EscapeDataString(token)}&return={Uri.EscapeDataString(back)}");
        return await Browser.PostAsync("/console/sign-in", ("form_token", FormToken(page)), ("token", token), ("return", back));
    }

    public async Task<string> PageAsync(string path)
    {
        Answer answer = await Browser.GetAsync(path);
        Assert.Equal(HttpStatusCode.OK, answer.Status);
        return answer.Text;
    }

    public static string FormToken(string page) => WebUtility.HtmlDecode(FormTokenField().Match(page).Groups[1].Value);

    /// <summary>The session's cookie as the browser has it; null without.</summary>
    public Cookie? SessionCookie => _cookies.GetCookies(Address).SingleOrDefault(cookie => cookie.Name == "certherald");

    /// <summary>Its log, as one that this process follows.</summary>
    public FollowedLog Follow()
    {
        var log = new FollowedLog(new ChosenLog(_log, IsCustom: true, null), Time);
        Live.Add(log);
        return log;
    }

    /// <summary>The log signs a head over entries that nobody has read yet.</summary>
    public async Task AnnounceAsync(int entries)
    {
        using RawBatch raw = Entries(entries);
        Frontier end = _position.Read.Append(raw.LeafHashes());
        await Store.KeepHeadAsync(_log.Id, _announced = Head(end.Size.Value, end.Root()), default);
    }

    /// <summary>Reads some of what was announced; none of it matches.</summary>
    public async Task ReadAsync(int entries)
    {
        using RawBatch raw = Entries(entries);
        _position = (await Store.CommitAsync(_log.Id, Batch.Check(_position.Read, raw, [], _announced!), [], Time.GetUtcNow(), default)).Lane.Position;
    }

    /// <summary>Reads one entry that shows this certificate and commits it under a head that proves it.</summary>
    public Task CommitAsync(CertificateFacts facts, bool known = false, string reason = "no rule authorises it", params string[] webhooks) =>
        CommitAsync((index, leaf, logged) => new Decision(
            new MatchFinding(index, leaf, logged, facts, [], IssuerFingerprint: null),
            [.. facts.DnsNames.Distinct().Take(20_000).Select(name => new WatchedEndpoint(name, ".example.com", Wildcard: false))], known, reason, webhooks));

    /// <summary>The same for a certificate that imitates.</summary>
    public Task CommitLookalikeAsync(CertificateFacts facts, params LookalikeMatch[] lookalikes) =>
        CommitAsync((index, leaf, logged) => new Decision(
            new MatchFinding(index, leaf, logged, facts, [], IssuerFingerprint: null) { Lookalikes = lookalikes }, [], Known: false, "it imitates", []));

    /// <summary>Commits an entry that shows what is too weak for an alert.</summary>
    public async Task CommitWeakAsync(params WeakLookalike[] weak)
    {
        using RawBatch raw = Entries(1);
        VerifiedHead head = Head(_position.Read.Size.Value + 1, _position.Read.Append(raw.LeafHashes()).Root());
        LogLane lane = (await Store.LanesAsync(_log.Id, default))[^1];
        _position = (await Store.CommitAsync(lane, Batch.Check(_position.Read, raw, [], head), [], [], weak, Time.GetUtcNow(), default)).Lane.Position;
    }

    /// <summary>The same of many, in one batch.</summary>
    public Task CommitAsync(IEnumerable<CertificateFacts> all) => CommitAsync(
        [.. all.Select(facts => (Func<EntryIndex, MerkleHash, DateTimeOffset, Decision>)((index, leaf, logged) => new Decision(
            new MatchFinding(index, leaf, logged, facts, [], IssuerFingerprint: null), [], Known: false, "no rule authorises it", [])))]);

    /// <summary>The same, with the issuer's key as a chain would have shown it.</summary>
    public Task CommitAsync(CertificateFacts facts, byte[] issuerSpki) => CommitAsync((index, leaf, logged) => new Decision(
        new MatchFinding(index, leaf, logged, facts, [], IssuerFingerprint: null) { IssuerSpki = issuerSpki }, [], Known: false, "no rule authorises it", []));

    /// <summary>The same, with a chain as a log would have shown it.</summary>
    public Task CommitChainAsync(CertificateFacts facts, params byte[][] chain) => CommitAsync((index, leaf, logged) => new Decision(
        new MatchFinding(index, leaf, logged, facts, [], IssuerFingerprint: null) { Chain = chain }, [], Known: false, "no rule authorises it", []));

    public Task CommitMalformedAsync(string problem, byte[] entry, params string[] webhooks) =>
        CommitAsync((index, leaf, logged) => new Decision(
            new MalformedFinding(index, leaf, logged, problem, entry, ShowsWatchedName: true), [], Known: false, problem, webhooks));

    /// <summary>Commits an entry that contradicts the head it was read under: an incident.</summary>
    public async Task DisputeAsync()
    {
        using RawBatch raw = Entries(1);
        VerifiedHead lie = Head(_position.Read.Size.Value + 1, MerkleHash.OfLeaf("another entry"u8));
        await Store.CommitAsync(_log.Id, Batch.Check(_position.Read, raw, [], lie), [], Time.GetUtcNow(), default);
    }

    public async ValueTask DisposeAsync()
    {
        Browser.Dispose();
        await _app.DisposeAsync();
        await Store.DisposeAsync();
        Meter.Dispose();
        _logKey.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task CommitAsync(params Func<EntryIndex, MerkleHash, DateTimeOffset, Decision>[] decide)
    {
        using RawBatch raw = Entries(decide.Length);
        Frontier end = _position.Read.Append(raw.LeafHashes());
        VerifiedHead head = Head(end.Size.Value, end.Root());
        await Store.KeepHeadAsync(_log.Id, head, default);
        Decision[] decisions = [.. decide.Select((one, place) => one(raw[place].Index, raw.LeafHashes()[place], Time.GetUtcNow()))];
        CommitOutcome outcome = await Store.CommitAsync(_log.Id, Batch.Check(_position.Read, raw, [], head), decisions, Time.GetUtcNow(), default);
        _position = outcome.Lane.Position;
    }

    private RawBatch Entries(int count)
    {
        using var entries = new RawBatchBuilder(new EntryIndex(_position.Read.Size.Value), ExtraDataForm.Rfc6962);
        Span<byte> leaf = stackalloc byte[8];
        for (int place = 0; place < count; place++)
        {
            BinaryPrimitives.WriteUInt64BigEndian(leaf, _position.Read.Size.Value + (ulong)place);
            Assert.True(entries.Add(leaf, []));
        }
        return entries.Build();
    }

    private VerifiedHead Head(ulong size, MerkleHash root)
    {
        var head = new SignedHead
        {
            Size = new TreeSize(size),
            Timestamp = (ulong)Time.GetUtcNow().ToUnixTimeMilliseconds(),
            Root = root,
            Signature = default,
            Verbatim = default,
        };
        byte[] signature = _logKey.SignData(head.SignedBytes(), HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
        byte[] digitallySigned = [4, 3, (byte)(signature.Length >> 8), (byte)signature.Length, .. signature];
        Assert.True(VerifiedHead.TryVerify(head with { Signature = digitallySigned, Verbatim = SigningLog.Answer(head, digitallySigned) }, _log.Key, out VerifiedHead? verified));
        return verified;
    }

    [GeneratedRegex("name=\"form_token\" value=\"([^\"]+)\"")]
    private static partial Regex FormTokenField();
}

/// <summary>Certificates that nobody cares about, and one that wants to do harm.</summary>
internal static class SomeFacts
{
    /// <summary>What hostile certificates are made of: markup, quotes, a text-direction override, NUL, an escape sequence.</summary>
    public const string Hostile = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>\u202Egnp\u0000\u001B[31m";

    public static CertificateFacts Of(params string[] names) => new()
    {
        TbsSha256 = Hex("tbs" + names[0]),
        CertSha256 = Hex("cert" + names[0]),
        CertDer = [0x30, 0x03, 0x02, 0x01, 0x2A],
        IsPrecertificate = true,
        DnsNames = names,
        IpAddresses = ["192.0.2.10"],
        PubkeySha256 = Hex("key"),
        IssuerPubkeySha256 = Hex("issuer"),
        IssuerName = "C=US, O=Example Trust, CN=Example Trust R3",
        IssuerOrganization = "Example Trust",
        IssuerCommonName = "Example Trust R3",
        SubjectName = $"CN={names[0]}",
        Serial = "04a1b2c3",
        NotBefore = new(2026, 11, 20, 0, 0, 0, TimeSpan.Zero),
        NotAfter = new(2027, 2, 18, 23, 59, 59, TimeSpan.Zero),
        Problems = [],
    };

    /// <summary>Every text of it is hostile.</summary>
    public static CertificateFacts HostileOf(int names) =>
        Of([.. Enumerable.Range(0, names).Select(i => $"{i}.{Hostile}.example.com")]) with
        {
            IssuerName = Hostile,
            IssuerOrganization = Hostile,
            IssuerCommonName = Hostile,
            SubjectName = Hostile,
            Serial = Hostile,
            IpAddresses = [Hostile],
            Problems = [Hostile],
            NotBefore = null,
            NotAfter = DateTimeOffset.MaxValue,
        };

    /// <summary>As far as a form takes it: a NUL it refuses whole.</summary>
    public static string HostileField { get; } = Hostile.Replace("\0", "", StringComparison.Ordinal);

    private static string Hex(string of) => Convert.ToHexStringLower(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(of)));
}
