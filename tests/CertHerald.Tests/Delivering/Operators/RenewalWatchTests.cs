using System.Diagnostics.Metrics;
using CertHerald.Deciding;
using CertHerald.Delivering;
using CertHerald.Delivering.Operators;
using CertHerald.Following;
using CertHerald.Inspecting;
using CertHerald.Storage;
using CertHerald.Tests.Doubles;
using CertHerald.Tests.Storage;
using CertHerald.Transparency.Batches;
using Microsoft.Extensions.Logging.Abstractions;

namespace CertHerald.Tests.Delivering.Operators;

/// <summary>Certificates that end soon without a successor: told once of each name and certificate.</summary>
public sealed class RenewalWatchTests : IAsyncDisposable
{
    private readonly Scratch _scratch = new();
    private readonly ManualTime _time = new();
    private readonly Meter _meter = new("CertHerald.Tests");
    private readonly IStore _store;
    private readonly Watched _watched;
    private readonly List<string> _channels = ["ops"];
    private readonly List<PaperLog> _logs = [];

    public RenewalWatchTests()
    {
        _store = Stores.Open("sqlite", _scratch.Folder, _time, _meter);
        _watched = new Watched(Tests.Names.WatchLists.Of(".example.com"), KnownCertificates.None, _meter);
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        foreach (PaperLog log in _logs) log.Dispose();
        _meter.Dispose();
        _scratch.Dispose();
    }

    [Fact]
    public async Task What_ends_soon_is_told_in_one_notice_and_again_only_when_its_successor_ends()
    {
        await ShowAsync(["a.example.com", "b.example.com"], days: 20);
        await ShowAsync(["later.example.com"], days: 40);
        using RenewalWatch watch = Watch();

        await watch.LookAsync(Cancellation);
        await watch.LookAsync(Cancellation);

        RenewalFacts told = Facts(Assert.Single(await OwedAsync()));
        Assert.Equal([("a.example.com", ".example.com", "Some CA"), ("b.example.com", ".example.com", "Some CA")], told.Names.Select(one => (one.Name, one.MonitoredDomain, one.Issuer)));
        Assert.Equal((0, _time.GetUtcNow().AddDays(20)), (told.Others, told.Names[0].NotAfter));

        await ShowAsync(["a.example.com"], days: 90);
        _time.Advance(TimeSpan.FromDays(15));
        await watch.LookAsync(Cancellation);
        Assert.Equal(["later.example.com"], Facts((await OwedAsync())[^1]).Names.Select(one => one.Name));

        _time.Advance(TimeSpan.FromDays(50));
        await watch.LookAsync(Cancellation);
        Assert.Equal(["a.example.com"], Facts((await OwedAsync())[^1]).Names.Select(one => one.Name));
        Assert.Equal(3, (await OwedAsync()).Count);
    }

    [Fact]
    public async Task Nobody_is_told_of_what_is_watched_no_more_or_when_it_is_not_wanted_and_who_comes_later_hears_of_it()
    {
        await ShowAsync(["a.example.com", "other.example.net"], days: 20);
        using (RenewalWatch off = Watch(new RenewalOptions { IsTold = false })) await off.LookAsync(Cancellation);
        _channels.Clear();
        using RenewalWatch watch = Watch();
        await watch.LookAsync(Cancellation);
        Assert.Empty(await OwedAsync());

        _channels.Add("ops");
        await watch.LookAsync(Cancellation);

        Assert.Equal(["a.example.com"], Facts(Assert.Single(await OwedAsync())).Names.Select(one => one.Name));
    }

    [Fact]
    public async Task More_names_than_a_notice_shows_are_counted()
    {
        await ShowAsync([.. Enumerable.Range(0, RenewalFacts.Most + 5).Select(i => Some.Numbered("n", 1_000 + i) + ".example.com")], days: 20);
        using RenewalWatch watch = Watch();

        await watch.LookAsync(Cancellation);

        RenewalFacts told = Facts(Assert.Single(await OwedAsync()));
        Assert.Equal((RenewalFacts.Most, 5), (told.Names.Count, told.Others));
        long names = -1, missing = -1;
        using var listener = new MeterListener { InstrumentPublished = (instrument, l) => { if (instrument.Meter == _meter) l.EnableMeasurementEvents(instrument); } };
        listener.SetMeasurementEventCallback<long>((instrument, value, _, _) => _ = instrument.Name switch { "certherald_endpoints" => names = value, "certherald_renewals_missing" => missing = value, _ => 0 });
        listener.Start();
        listener.RecordObservableInstruments();
        Assert.Equal((105, 105), (names, missing));
    }

    private RenewalWatch Watch(RenewalOptions? options = null) => new(
        _store, _watched, IssuerDirectory.BuiltIn, options ?? new RenewalOptions(), () => _channels, new Bell(), _time, _meter, NullLogger<RenewalWatch>.Instance);

    private async Task ShowAsync(string[] names, int days)
    {
        var log = new PaperLog(Some.Numbered("log", _logs.Count), 1);
        _logs.Add(log);
        await _store.BeginLogAsync(log.Description, log.FrontierAt(0), Cancellation);
        Batch batch = log.Read(0, 1);
        CertificateFacts facts = Some.Facts(names[0]) with
        {
            TbsSha256 = Some.Hash(Some.Numbered(names[0], _logs.Count)),
            DnsNames = names,
            NotBefore = _time.GetUtcNow().AddDays(days - 90),
            NotAfter = _time.GetUtcNow().AddDays(days),
        };
        Decision decision = Some.Unknown(Some.Match(batch.Raw, 0, facts)) with { Endpoints = [.. names.Select(name => new WatchedEndpoint(name, ".example.com", false))] };
        await _store.CommitAsync(log.Id, batch, [decision], _time.GetUtcNow(), Cancellation);
    }

    private async Task<IReadOnlyList<Notice>> OwedAsync()
    {
        var notices = new List<Notice>();
        foreach (StoredDelivery owed in (await _store.DeliveriesAsync(new DeliveryFilter(Kind: EventKinds.Operator), Cancellation)).OrderBy(one => one.Id)) notices.Add((await _store.FindNoticeAsync(owed.Subject, Cancellation))!);
        return notices;
    }

    private static RenewalFacts Facts(Notice notice)
    {
        Assert.Equal(NoticeTypes.RenewalMissing, notice.Type);
        return Assert.IsType<RenewalFacts>(notice.Facts);
    }
}
