using System.Diagnostics.Metrics;
using CertHerald.Deciding;
using CertHerald.Names;
using CertHerald.Tests.Names;

namespace CertHerald.Tests.Deciding;

public sealed class WatchedTests : IDisposable
{
    private readonly Meter _meter = new("CertHerald");

    public void Dispose() => _meter.Dispose();

    [Fact]
    public void A_reload_keeps_what_was_added_and_an_addition_keeps_what_is_configured()
    {
        var watched = new Watched(WatchLists.Of("one.example"), KnownCertificates.None, _meter);

        Assert.Equal((1, 2), watched.Add(WatchLists.Of("added.example")));
        Assert.Equal((2, 3), watched.Configure(WatchLists.Of("two.example", "three.example"), KnownCertificates.None));
        Assert.Equal((3, 2), watched.Add(WatchList.Empty));

        Assert.Equal(["three.example", "two.example"], Texts(watched.List));
    }

    [Fact]
    public void Whoever_took_a_list_keeps_it_as_it_was()
    {
        var watched = new Watched(WatchLists.Of("one.example"), KnownCertificates.None, _meter);
        WatchList taken = watched.List;

        watched.Configure(WatchLists.Of("two.example"), KnownCertificates.None);

        Assert.Equal(["one.example"], Texts(taken));
        Assert.Equal(["two.example"], Texts(watched.List));
    }

    [Fact]
    public async Task Who_writes_at_the_same_time_takes_turns_and_nobodys_items_are_lost()
    {
        var watched = new Watched(WatchList.Empty, KnownCertificates.None, _meter);
        WatchList[] configured = [.. Enumerable.Range(0, 200).Select(i => WatchLists.Of($"configured{i}.example"))];
        WatchList[] added = [.. Enumerable.Range(0, 200).Select(i => WatchLists.Of($"added{i}.example"))];

        await Task.WhenAll(
            Task.Run(() => { foreach (WatchList list in configured) watched.Configure(list, KnownCertificates.None); }, TestContext.Current.CancellationToken),
            Task.Run(() => { foreach (WatchList list in added) watched.Add(list); }, TestContext.Current.CancellationToken));

        Assert.Equal(["added199.example", "configured199.example"], Texts(watched.List));
    }

    [Fact]
    public void The_items_in_force_are_measured()
    {
        var measured = new List<int>();
        using var listener = new MeterListener { InstrumentPublished = (instrument, l) => { if (instrument.Meter == _meter && instrument.Name == "certherald_watch_items") l.EnableMeasurementEvents(instrument); } };
        listener.SetMeasurementEventCallback<int>((_, value, _, _) => measured.Add(value));
        listener.Start();
        var watched = new Watched(WatchLists.Of("one.example", "two.example"), KnownCertificates.None, _meter);

        listener.RecordObservableInstruments();
        watched.Add(WatchLists.Of("two.example", "three.example"));
        listener.RecordObservableInstruments();

        Assert.Equal([2, 3], measured);
    }

    private static IEnumerable<string> Texts(WatchList list) => list.Items.Select(item => item.Text).Order(StringComparer.Ordinal);
}
