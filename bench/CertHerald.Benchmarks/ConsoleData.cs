using System.Security.Cryptography;
using System.Text;
using CertHerald.Deciding;
using CertHerald.Delivering;
using CertHerald.Fetching;
using CertHerald.Inspecting;
using CertHerald.Names.Lookalikes;
using CertHerald.Storage;
using CertHerald.TestLog;
using CertHerald.Transparency.LogLists;
using CertHerald.Transparency.Merkle;
using LogProtocol = CertHerald.TestLog.LogProtocol;

namespace CertHerald.Benchmarks;

/// <summary>
/// What the console shows of a service that is in use: issuances, one in twenty of them unknown and owed to twenty webhooks, deliveries in
/// all states, look-alikes of a thousand domains, logs with incidents, and what people have set.
/// </summary>
internal sealed class ConsoleData(Owing found) : IAsyncDisposable
{
    public const int Issuances = 100_000;

    private const int AtOnce = 500, Domains = 1_000, Lookalikes = 3_000, Closed = 200, Weak = 10_000, Webhooks = 50, Owed = 20, Servers = 25, Incidents = 20, Rare = 20;
    private static readonly CancellationToken None = CancellationToken.None;
    private static readonly DateTimeOffset Now = DateTimeOffset.UtcNow;

    // What becomes of the deliveries of these: all others were taken at the first attempt.
    private const string Failed = "hook-17", Paused = "hook-19";

    /// <summary>A webhook that is held, with what it is owed.</summary>
    public const string Held = "hook-18";

    private readonly List<LogServer> _servers = [];

    /// <summary>Two for each server, one of each protocol.</summary>
    public IReadOnlyList<CustomLogOptions> Logs { get; private set; } = [];

    /// <summary>Watched beside <c>.example.com</c>.</summary>
    public static IReadOnlyList<string> Watched { get; } = [.. Enumerable.Range(1, Domains - 1).Select(i => $".{Brand(i)}")];

    /// <summary>A delivery with twenty attempts.</summary>
    public long Tried { get; private set; }

    /// <summary>A look-alike with as many names as one certificate may show of it.</summary>
    public long Large { get; private set; }

    /// <summary>A look-alike that imitates many protected domains.</summary>
    public long Bulk { get; private set; }

    private IStore Store => found.Store;

    /// <summary>Before the service starts: nothing is sent or read meanwhile.</summary>
    public async Task FillAsync()
    {
        await Store.TakeCaaAsync(Now.AddDays(1), None);
        await FillLogsAsync();
        await FillSettingsAsync();
        for (int i = 0; i < Issuances; i += AtOnce)
            await found.FindAsync(AtOnce, index => ($"host-{index}.example.com", index % 20 != 0), [.. Enumerable.Range(0, Owed).Select(Hook)]);
        await FillLookalikesAsync();
        for (int i = 0; i < 2; i++)
            await found.CommitAsync(AtOnce, (index, leaf) => new Decision(
                new MalformedFinding(index, leaf, Now, "its names cannot be read", RandomNumberGenerator.GetBytes(1_500), index.Value % 2 == 0), [], false, "it may hide a name", [Hook(0)]), []);
        await SettleAsync();
        await ManyAsync(Issuances / 5, i => Store.AddAuditAsync(new AuditNote(Now, "local", "PUT", $"/api/watch/{Brand(i)}"), AuditNote.Done, None));
    }

    /// <summary>After it has started, which gives back what was under way.</summary>
    public static async Task BeginAsync(IStore store)
    {
        IReadOnlyList<StoredDelivery> claimed = await ClaimAsync(store, Paused, Rare);
        await store.JoinAsync(new Lease(claimed[0].Id, claimed[0].Lease!.Value), Rare, Now, None);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (LogServer server in _servers)
        {
            await server.DisposeAsync();
            await server.Log.DisposeAsync();
        }
    }

    private async Task FillLogsAsync()
    {
        for (int i = 0; i < Servers; i++)
        {
            var log = new Log();
            log.AddCorpus(new SyntheticCorpus(new SyntheticCorpusOptions { Seed = (ulong)i }).Entries(new EntryIndex(0), 500));
            log.Publish();
            _servers.Add(await LogServer.StartAsync(log));
        }
        Logs =
        [
            .. _servers.SelectMany((server, i) => new CustomLogOptions[]
            {
                new() { Description = $"plain {i}", Key = KeyOf(server, LogProtocol.Rfc6962), Url = server.Url.AbsoluteUri },
                new() { Description = $"tiled {i}", Key = KeyOf(server, LogProtocol.StaticCt), SubmissionUrl = server.SubmissionUrl.AbsoluteUri, MonitoringUrl = server.MonitoringUrl.AbsoluteUri },
            }),
        ];
        foreach (CustomLogOptions custom in Logs)
        {
            LogDescription log = custom.ToLog(out string? problem) ?? throw new InvalidOperationException(problem);
            // The newest one stays open.
            for (int i = 0; i < Incidents; i++)
            {
                await Store.CloseIncidentsAsync(log.Id, IncidentKinds.LeafIndex, null, None);
                await Store.OpenIncidentAsync(log, IncidentReport.Of(IncidentKinds.LeafIndex, $"entry {i}", "A timestamp names no entry, or another one than it stands at."), None);
            }
        }
        for (int i = 0; i < Rare; i++) await Store.AddBackFillAsync([Watched[i]], Now.AddDays(-30), [(await Store.LogsAsync(None))[0].Id], None);

        static string KeyOf(LogServer server, LogProtocol protocol) => Convert.ToBase64String(server.Log.KeyOf(protocol).Spki.Span);
    }

    private async Task FillSettingsAsync()
    {
        await Store.ChangeProtectedDomainsAsync(ProtectedDomainOwners.Operator, [], [.. Enumerable.Range(0, Domains).Select(i => new ProtectedDomain { Name = Brand(i), DigestFrom = 30 })], None);
        await Store.KeepCaaAsync(
            [.. Watched.Select((item, i) => new CaaLook(item[1..], i % 2 == 0 ? CaaSet.Absent : CaaSet.Of(item[1..], [new CaaRecord(0, CaaRecord.Issue, "letsencrypt.org")]), ""))], isWhole: true, [], None);
        await ManyAsync(Webhooks, i => Store.AddWebhookAsync(
            new StoredWebhook { Name = Hook(i), Dialect = "certspotter", Events = [EventKinds.UnknownCertificate], Added = Now, Url = $"https://siem.example.net/{i}", Secrets = [new StoredSecret($"whsec_{i}", null)] }, None));
        await ManyAsync(Domains / 10, i => Store.AddItemAsync(new AddedItem($".added-{i}.example", Now), None));
        await ManyAsync(Domains, i => Store.AddKeyAsync(new AddedKey(HashOf("key", i), [$"a.{Brand(i)}", $"b.{Brand(i)}", $"c.{Brand(i)}"], Now), None));
        await ManyAsync(Domains, i => Store.AddCertificateAsync(new AddedCertificate(HashOf("certificate", i), [$"a.{Brand(i)}", $"b.{Brand(i)}"], Now), None));
        await ManyAsync(Domains / 5, i => Store.SetAuthoritiesAsync(new AddedAuthorities(Watched[i], ["letsencrypt.org", "digicert.com"], Now), None));
        await ManyAsync(Domains / 5, i => Store.SetPasswordAsync(new StoredUser($"user-{i}", "no password opens this", Now), None));
        await ManyAsync(Domains / 5, i => Store.AddApiKeyAsync(new StoredApiKey($"chk_{i:00000000}", SHA256.HashData(BitConverter.GetBytes(i)), $"key {i}", ["read"], Now, null), None));
    }

    private async Task FillLookalikesAsync()
    {
        Subscription[] listening = [new(Hook(0), [EventKinds.Lookalike])];
        for (int i = 0; i < Lookalikes; i += AtOnce)
        {
            int first = i;
            ulong? start = null;
            await found.CommitAsync(AtOnce, (index, leaf) =>
            {
                int at = first + (int)(index.Value - (start ??= index.Value));
                LookalikeMatch[] imitated = at switch
                {
                    0 => [Imitating(0, "large.test", LookalikeMatch.MostNames)],
                    1 => [.. Enumerable.Range(0, Rare).Select(brand => Imitating(brand, "bulk.test", 3))],
                    _ => [Imitating(at % Domains, $"shop-{at}.test", 1 + at % 4)],
                };
                return new Decision(found.Match(index, leaf, $"www.shop-{at}.test") with { Lookalikes = imitated }, [], false, "it imitates", []) { OwedLookalikes = listening };
            }, []);
        }
        for (int i = 0; i < Weak; i += WeakLookalike.MostOfBatch)
        {
            int first = i;
            await found.CommitAsync(1, (index, leaf) => new Decision(found.Match(index, leaf, $"weak-{first}.example.com"), [new WatchedEndpoint($"weak-{first}.example.com", ".example.com", false)], true, "its key is authorised", []),
                [.. Enumerable.Range(i, WeakLookalike.MostOfBatch).Select(at => new WeakLookalike(
                    new EntryIndex(0), Brand(at % Domains), $"faint-{at}.test", new LookalikeName($"brand.faint-{at}.test", 30 + at % 20, "combo_concat", ["it holds the label beside another word"]), HashOf("weak", at)))]);
        }
        IReadOnlyList<StoredLookalike> all = await Store.LookalikesAsync(new LookalikeFilter(Limit: 2 * Lookalikes), None);
        Large = all.Single(one => one.Registrable == "large.test").Id;
        Bulk = all.Single(one => one.IsBulk).Id;
        foreach (StoredLookalike one in all.Where(one => one.Id != Large && one.Id != Bulk).Take(Closed)) await Store.SetLookalikeAsync(one.Id, LookalikeState.Dismissed, None);
        await Store.AllowNamesAsync([.. all.TakeLast(Closed).Where(one => one.Domain.Length > 0).Select(one => new AllowedName(ProtectedDomainOwners.Operator, one.Domain, one.Registrable, Now))], None);
    }

    /// <summary>Few of each state but <c>done</c>, and those the oldest: who lists them newest first looks through all others.</summary>
    private async Task SettleAsync()
    {
        // Due before all others each time, it is tried again.
        for (int i = 1; i < Rare; i++) Tried = (await AttemptAsync(Failed, 1, DeliveryState.Pending))[0].Id;
        await AttemptAsync(Failed, Rare, DeliveryState.Dead);
        foreach (StoredDelivery one in (await Store.DeliveriesAsync(new DeliveryFilter(Webhook: Held, Limit: 100_000), None)).TakeLast(Rare)) await Store.CancelDeliveryAsync(one.Id, None);
        foreach (string hook in Enumerable.Range(0, Owed).Select(Hook).Except([Held, Paused]))
            while ((await AttemptAsync(hook, AtOnce, DeliveryState.Done)).Count == AtOnce) { }
        await Store.ChangeWebhookAsync(Held, before => (WebhookHealth.Hold(before, WebhookStatus.Off, null, "its receiver moves house", Now).State, null), 1, None);
        while (await Store.MoveOnAsync(None)) { }
        await Store.ChangeWebhookAsync(Paused, before => (before with { PausedUntil = Now.AddDays(1) }, null), 1, None);
    }

    private async Task<IReadOnlyList<StoredDelivery>> AttemptAsync(string webhook, int count, DeliveryState end)
    {
        IReadOnlyList<StoredDelivery> claimed = await ClaimAsync(Store, webhook, count);
        await Store.CompleteAsync(
            [.. claimed.Select(one => new Completion(
                one.Webhook, new Lease(one.Id, one.Lease!.Value),
                new StoredAttempt(one.Id, Now, TimeSpan.FromMilliseconds(5), end == DeliveryState.Done ? 200 : 500, end == DeliveryState.Done ? "delivered" : "failed", null, RandomNumberGenerator.GetBytes(end == DeliveryState.Done ? 0 : 500)),
                state => new Settlement(end, Now, true, state), PerSecond: 1e6))],
            None);
        return claimed;
    }

    private static Task<IReadOnlyList<StoredDelivery>> ClaimAsync(IStore store, string webhook, int count) => store.ClaimAsync(
        [new ClaimRequest(webhook, state => new Grant(count, _ => state)) { BodyOf = one => new byte[2_500] }], count, DateTimeOffset.UtcNow, Now.AddDays(2), None);

    private static LookalikeMatch Imitating(int brand, string registrable, int names) => new(
        ProtectedDomainOwners.Operator, Brand(brand), registrable,
        [.. Enumerable.Range(0, names).Select(i => new LookalikeName($"login-{i}.brand-{brand}.{registrable}", 99 - i % 40, "target_embedding", [$"it holds {Brand(brand)} left of {registrable}", "ordinary names hardly ever do"]))]);

    private static string Brand(int i) => i == 0 ? "example.com" : $"brand-{i}.example";

    private static string Hook(int i) => $"hook-{i}";

    private static string HashOf(string of, int i) => Convert.ToHexStringLower(SHA256.HashData([.. Encoding.ASCII.GetBytes(of), .. BitConverter.GetBytes(i)]));

    /// <summary>Together, so that they share commits.</summary>
    private static Task ManyAsync(int count, Func<int, Task> write) => Parallel.ForAsync(0, count, new ParallelOptions { MaxDegreeOfParallelism = 32 }, async (i, _) => await write(i));
}
