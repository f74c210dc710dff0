using System.Diagnostics.Metrics;
using System.Security.Cryptography;
using CertHerald.Deciding;
using CertHerald.Delivering;
using CertHerald.Dialects;
using CertHerald.Following;
using CertHerald.Inspecting;
using CertHerald.Storage;
using CertHerald.Tests.Doubles;
using CertHerald.Tests.Storage;
using CertHerald.Transparency.Batches;
using CertHerald.Transparency.Entries;
using CertHerald.Transparency.LogLists;
using CertHerald.Transparency.Logs;
using CertHerald.Transparency.Merkle;
using Microsoft.Extensions.Logging;

namespace CertHerald.Tests.Delivering;

/// <summary>The delivery loop over a real store on disk, with a clock that stands still.</summary>
internal sealed class DeliveryRig : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("certherald-").FullName;
    private readonly IReadOnlyList<WebhookOptions> _webhooks;
    private readonly string _store;
    private readonly LogDescription _log;
    private WebhookSender _sender = null!;
    private Frontier _read = Frontier.Empty;
    private int _issuances;

    private DeliveryRig(IReadOnlyList<WebhookOptions> webhooks, string store)
    {
        (_webhooks, _store) = (webhooks, store);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        Assert.True(LogKey.TryCreate(key.ExportSubjectPublicKeyInfo(), out LogKey? logKey, out _));
        _log = LogDescription.Custom(logKey, LogProtocol.Rfc6962, "https://log.example/");
        Store = Open();
    }

    public ManualTime Time { get; } = new();

    public Meter Meter { get; } = new("CertHerald");

    public LogLines Log { get; } = new();

    public IStore Store { get; private set; }

    public Bell Bell { get; private set; } = null!;

    public Webhooks Webhooks { get; private set; } = null!;

    public DeliveryLoop Loop { get; private set; } = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>A store with nothing owed and no loop.</summary>
    public static Task<DeliveryRig> OpenAsync(params WebhookOptions[] webhooks) => OpenOnAsync(Stores.Sqlite, webhooks);

    /// <summary>The same with another kind of store.</summary>
    public static async Task<DeliveryRig> OpenOnAsync(string store, params WebhookOptions[] webhooks)
    {
        var rig = new DeliveryRig(webhooks, store);
        await rig.Store.BeginLogAsync(rig._log, Frontier.Empty, Cancellation);
        return rig;
    }

    /// <summary>A store with nothing owed and a loop that runs.</summary>
    public static async Task<DeliveryRig> StartAsync(params WebhookOptions[] webhooks)
    {
        DeliveryRig rig = await OpenAsync(webhooks);
        await rig.StartLoopAsync();
        return rig;
    }

    /// <param name="webhooks">Null: those of the rig.</param>
    public async Task StartLoopAsync(
        IReadOnlyList<IWebhookDialect>? dialects = null, ResolveHost? resolve = null, OutboundOptions? outbound = null, IReadOnlyList<WebhookOptions>? webhooks = null)
    {
        Bell = new Bell(Time);
        _sender = new WebhookSender(new OutboundGuard(outbound ?? Given.LoopbackAllowed, resolve), Time);
        Webhooks = new Webhooks("https://ct.example.org", webhooks ?? _webhooks, WebhookDialects.All);
        Loop = new DeliveryLoop(Store, _sender, dialects ?? WebhookDialects.All, Webhooks, Bell, Time, Meter, Log);
        await Loop.StartAsync(Cancellation);
    }

    /// <summary>Ends the loop, as a clean stop does.</summary>
    public async Task StopLoopAsync()
    {
        await Loop.StopAsync(Cancellation);
        Loop.Dispose();
        _sender.Dispose();
    }

    /// <summary>Ends the store as a killed process leaves it, and opens it again as the next one does.</summary>
    public async Task ReopenAsync()
    {
        await Store.DisposeAsync();
        Store = Open();
    }

    /// <summary>Commits a new issuance that is owed to these webhooks.</summary>
    public async Task OweAsync(params string[] webhooks)
    {
        await OweInSilenceAsync(webhooks);
        Bell?.Ring();
    }

    /// <summary>As <see cref="OweAsync"/>, but nobody rings.</summary>
    public async Task OweInSilenceAsync(params string[] webhooks)
    {
        CertificateFacts facts = Given.Facts(++_issuances);
        await CommitAsync(
            leaf => new Decision(new MatchFinding(leaf.Index, leaf.Hash, Time.GetUtcNow(), facts, [], null), Given.GoldenEndpoints(), false, "nobody knows it", webhooks));
    }

    /// <summary>Gives the oldest up that is due to a webhook.</summary>
    public async Task DieAsync(string webhook)
    {
        DateTimeOffset now = Time.GetUtcNow();
        StoredDelivery one = Assert.Single(await Store.ClaimDueAsync(webhook, 1, now, now.AddSeconds(90), Cancellation));
        await Store.CompleteAsync(one, new StoredAttempt(one.Id, now, TimeSpan.Zero, 500, "status", null, []), DeliveryState.Dead, now);
    }

    /// <summary>Commits so many new issuances together, each owed to the webhook; nobody rings.</summary>
    public async Task OweManyAsync(int count, string webhook) => await CommitAsync(
        leaf => new Decision(new MatchFinding(leaf.Index, leaf.Hash, Time.GetUtcNow(), Given.Facts(++_issuances), [], null), Given.GoldenEndpoints(), false, "nobody knows it", [webhook]), count);

    /// <summary>Commits an entry that cannot be read and is owed to these webhooks.</summary>
    public async Task OweMalformedAsync(params string[] webhooks)
    {
        await CommitAsync(leaf => new Decision(
            new MalformedFinding(leaf.Index, leaf.Hash, Time.GetUtcNow(), "the TBS has no end", [1, 2, 3], false), [], false, "it cannot be read", webhooks));
        Bell?.Ring();
    }

    /// <summary>Lets a webhook take something, so that it may have as much at once as its options say.</summary>
    public async Task WarmAsync(params string[] webhooks)
    {
        int[] before = [.. webhooks.Select(webhook => Log.All.Count(line => line.Contains($"Webhook {webhook} got", StringComparison.Ordinal)))];
        for (int i = 1; i <= 3; i++)
        {
            await OweAsync(webhooks);
            for (int j = 0; j < webhooks.Length; j++) await Log.WaitForAsync($"Webhook {webhooks[j]} got", before[j] + i);
        }
    }

    /// <summary>Moves the clock to the moment when the oldest open delivery is due.</summary>
    public async Task AdvanceToDueAsync()
    {
        DateTimeOffset due = (await DeliveriesAsync(DeliveryState.Pending)).Min(delivery => delivery.Due);
        Advance(due - Time.GetUtcNow());
    }

    public void Advance(TimeSpan by)
    {
        if (by > TimeSpan.Zero) Time.Advance(by);
        Bell.Ring();
    }

    public Task<IReadOnlyList<StoredDelivery>> DeliveriesAsync(DeliveryState? state = null) =>
        Store.DeliveriesAsync(new DeliveryFilter(State: state, Limit: 10_000), Cancellation);

    public async Task<StoredDelivery> DeliveryAsync() => Assert.Single(await DeliveriesAsync());

    public async ValueTask DisposeAsync()
    {
        if (Loop is not null)
        {
            Task stopping = Loop.StopAsync(CancellationToken.None);
            Time.Advance(TimeSpan.FromMinutes(1));             // nothing under way outlives its limit
            await stopping;
            Loop.Dispose();
            _sender.Dispose();
        }

        await Store.DisposeAsync();
        Meter.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private IStore Open() => Stores.Open(_store, _folder, Time, Meter);

    private async Task CommitAsync(Func<(EntryIndex Index, MerkleHash Hash), Decision> decide, int count = 1)
    {
        ulong start = _read.Size.Value;
        using var builder = new RawBatchBuilder(new EntryIndex(start), ExtraDataForm.Rfc6962);
        for (ulong index = start; index < start + (ulong)count; index++) Assert.True(builder.Add([1, (byte)index, (byte)(index >> 8)], []));
        using RawBatch raw = builder.Build();
        MerkleHash[] leaves = [.. raw.LeafHashes()];
        _read = _read.Append(leaves);
        Decision[] decisions = [.. leaves.Select((leaf, i) => decide((new EntryIndex(start + (ulong)i), leaf)))];
        CommitOutcome outcome = await Store.CommitAsync(_log.Id, new UnprovenBatch(raw, _read), decisions, Time.GetUtcNow(), Cancellation);
        Assert.Equal(decisions.Sum(decision => decision.Owed.Count), outcome.Owed);
    }

    /// <summary>What was logged, every level, exceptions included.</summary>
    internal sealed class LogLines : ILogger<DeliveryLoop>
    {
        private readonly List<string> _lines = [];
        private TaskCompletionSource _more = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>Whether it throws, as a log on a full disk may.</summary>
        public bool IsFull { get; set; }

        public IReadOnlyList<string> All
        {
            get { lock (_lines) return [.. _lines]; }
        }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsFull) throw new IOException("No space left on device");
            lock (_lines)
            {
                _lines.Add(formatter(state, exception) + exception);
                _more.SetResult();
                _more = new(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }

        /// <summary>Waits until this many lines hold the text: the loop logs an attempt when it has recorded it.</summary>
        public async Task WaitForAsync(string text, int times = 1)
        {
            while (true)
            {
                Task more;
                lock (_lines)
                {
                    if (_lines.Count(line => line.Contains(text, StringComparison.Ordinal)) >= times) return;
                    more = _more.Task;
                }

                await more.WaitAsync(TimeSpan.FromSeconds(30), Cancellation);
            }
        }
    }
}
