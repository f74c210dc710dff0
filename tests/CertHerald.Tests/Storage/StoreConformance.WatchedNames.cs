using CertHerald.Deciding;
using CertHerald.Inspecting;
using CertHerald.Storage;
using CertHerald.Tests.Doubles;
using CertHerald.Transparency.Batches;

namespace CertHerald.Tests.Storage;

/// <summary>What every store promises of the user's names, and of the end of their certificates.</summary>
public abstract partial class StoreConformance
{
    private static readonly TimeSpan Month = TimeSpan.FromDays(30);

    private DateTimeOffset In(int days) => Time.GetUtcNow().AddDays(days);

    [Fact]
    public async Task A_name_is_known_once_with_the_certificate_that_covers_it_longest_in_whatever_order_they_come()
    {
        await ShowAsync(("a.example.com", 20, "old"), ("b.example.com", 60, "b"));
        await ShowAsync(("a.example.com", 80, "new"), ("c.example.org", 10, "c"));
        await ShowAsync(("a.example.com", 40, "between"));
        await ReopenAsync();

        IReadOnlyList<WatchedName> names = await NamesAsync();
        Assert.Equal(["a.example.com 80", "b.example.com 60", "c.example.org 10"], names.Select(Described));
        Assert.Equal((".example.com", Some.Hash("new"), false), (names[0].MonitoredDomain, names[0].Certificate.TbsSha256, names[0].IsByWildcard));
        Assert.Equal(names[0].Issuance, (await Store.IssuancesAsync(null, 10, Cancellation)).Single(one => one.Certificate.TbsSha256 == Some.Hash("new")).Id);
        Assert.Equal(["c.example.org 10"], (await Store.WatchedNamesAsync(new WatchedNameQuery(10) { MonitoredDomain = ".example.org" }, Cancellation)).Select(Described));
        Assert.Equal(["b.example.com 60"], (await Store.WatchedNamesAsync(new WatchedNameQuery(1) { After = (default, "a.example.com") }, Cancellation)).Select(Described));
    }

    [Fact]
    public async Task A_wildcard_covers_what_is_known_before_it_and_what_becomes_known_after_it_and_nothing_deeper()
    {
        await ShowAsync(("before.example.com", 20, "before"), ("deep.before.example.com", 20, "deep"));
        await ShowAsync(("*.example.com", 90, "wildcard"));
        await ShowAsync(("after.example.com", 20, "after"), ("example.com", 20, "apex"), ("longer.example.com", 100, "longer"));

        IReadOnlyList<WatchedName> names = await NamesAsync();
        Assert.Equal(
            ["*.example.com 90", "after.example.com 90", "before.example.com 90", "deep.before.example.com 20", "example.com 20", "longer.example.com 100"], names.Select(Described));
        Assert.Equal(["after.example.com", "before.example.com"], names.Where(name => name.IsByWildcard).Select(name => name.DnsName));
        // In one batch too, and the other way round.
        await ShowAsync(("x.shop.example.com", 20, "x"), ("*.shop.example.com", 70, "shops"), ("y.shop.example.com", 20, "y"));
        Assert.Equal(["x.shop.example.com 70", "y.shop.example.com 70"], (await NamesAsync()).Where(name => name.DnsName.EndsWith(".shop.example.com", StringComparison.Ordinal) && name.IsByWildcard).Select(Described));
    }

    [Fact]
    public async Task A_wildcard_over_very_many_names_covers_some_at_once_and_the_others_soon()
    {
        const int beyond = 5;
        await ShowAsync([.. Enumerable.Range(0, WatchedNameRow.MostCovered + beyond).Select(i => ($"n{i}.example.com", 20, $"n{i}"))]);
        await ShowAsync(("*.example.com", 90, "wildcard"));
        Assert.Equal(new WatchedNameCounts(WatchedNameRow.MostCovered + beyond + 1, beyond, 0), await Store.CountWatchedNamesAsync(Time.GetUtcNow(), Month, Cancellation));

        Assert.Equal((2, 3, 0), (await Store.CoverNamesAsync(2, Cancellation), await Store.CoverNamesAsync(100, Cancellation), await Store.CoverNamesAsync(100, Cancellation)));

        Assert.Empty(await MissingAsync());
    }

    [Fact]
    public async Task A_renewal_is_missing_within_the_window_until_a_later_certificate_is_logged()
    {
        await ShowAsync(("soon.example.com", 10, "soon"), ("late.example.com", 29, "late"), ("not.example.com", 31, "not"), ("gone.example.com", -1, "gone"), ("fine.example.com", 10, "fine"));
        await ShowAsync(("fine.example.com", 80, "renewed"));

        Assert.Equal(["soon.example.com 10", "late.example.com 29"], (await MissingAsync()).Select(Described));
        Assert.Equal(["late.example.com 29"], (await Store.WatchedNamesAsync(new WatchedNameQuery(5) { After = (In(10), "soon.example.com"), Missing = new RenewalWindow(Time.GetUtcNow(), Month) }, Cancellation)).Select(Described));
        Assert.Equal(["soon.example.com 10"], (await Store.WatchedNamesAsync(new WatchedNameQuery(1) { Missing = new RenewalWindow(Time.GetUtcNow(), Month) }, Cancellation)).Select(Described));
        Assert.Empty(await Store.WatchedNamesAsync(new WatchedNameQuery(5) { MonitoredDomain = ".example.org", Missing = new RenewalWindow(Time.GetUtcNow(), Month) }, Cancellation));
        Assert.Equal(new WatchedNameCounts(5, 2, 1), await Store.CountWatchedNamesAsync(Time.GetUtcNow(), Month, Cancellation));

        await ShowAsync(("*.example.com", 100, "everything"));
        Assert.Empty(await MissingAsync());
        Assert.Equal(new WatchedNameCounts(6, 0, 0), await Store.CountWatchedNamesAsync(Time.GetUtcNow(), Month, Cancellation));
    }

    [Fact]
    public async Task What_is_valid_for_less_than_the_window_is_missing_in_the_last_third_of_its_life()
    {
        await ShowAsync(days: 9, ("short.example.com", 4, "short"));
        Assert.Empty(await MissingAsync());
        Time.Advance(TimeSpan.FromDays(1));
        Assert.Single(await MissingAsync());
    }

    [Fact]
    public async Task The_end_of_a_certificate_is_told_once_for_each_name_and_its_successors_end_again()
    {
        await ShowAsync(("a.example.com", 10, "a"), ("b.example.com", 11, "b"));
        IReadOnlyList<WatchedName> untold = await MissingAsync(untold: true);
        Assert.Equal(2, untold.Count);
        var facts = new RenewalFacts([new MissingRenewal("a.example.com", ".example.com", untold[0].Issuance, untold[0].NotAfter, "Some CA")], 1);
        NoticeDraft Draft(IReadOnlyList<WatchedName> names) => new($"renewal/{string.Join(' ', names.Select(name => name.DnsName))}", NoticeTypes.RenewalMissing, "", facts);

        Assert.Equal(2, await Store.TellRenewalsAsync([untold[0]], Draft, ["ops", "mail"], Cancellation));
        Assert.Equal(0, await Store.TellRenewalsAsync([untold[0]], _ => throw new InvalidOperationException("nothing is left to tell"), ["ops", "mail"], Cancellation));
        await ReopenAsync();

        Assert.Equal(["b.example.com 11"], (await MissingAsync(untold: true)).Select(Described));
        Assert.Equal(2, (await MissingAsync()).Count);
        RenewalFacts kept = Assert.IsType<RenewalFacts>((await Store.LastNoticeAsync(NoticeTypes.RenewalMissing, null, Cancellation))!.Facts);
        Assert.Equal((facts.Names[0], 1), (Assert.Single(kept.Names), kept.Others));
        Assert.Equal(0, await Store.TellRenewalsAsync(untold, left => left is [{ DnsName: "b.example.com" }] ? null : Draft(left), ["ops"], Cancellation));
        Assert.Empty(await MissingAsync(untold: true));

        await ShowAsync(("a.example.com", 20, "renewed"));
        Assert.Equal(0, await Store.TellRenewalsAsync([untold[0]], Draft, ["ops"], Cancellation));
        Assert.Equal(["a.example.com 20"], (await MissingAsync(untold: true)).Select(Described));
    }

    [Fact]
    public async Task Names_that_nobody_could_renew_are_left_out_and_a_certificate_without_an_end_covers_nothing()
    {
        PaperLog log = await BeginAsync("odd", entries: 5);
        Batch batch = log.Read(0, 5);
        string[] odd = ["f*o.example.com", "?.example.com", "<unparsable>.example.com", new string('a', 300) + ".example.com"];
        await CommitAsync(log, batch, [
            .. odd.Select((name, i) => Some.Unknown(Some.Match(batch.Raw, i, Some.Facts(name)))),
            Some.Unknown(Some.Match(batch.Raw, 4, Some.Facts("endless.example.com") with { NotAfter = null })),
        ]);

        Assert.Empty(await NamesAsync());
    }

    /// <summary>Logs show a certificate for each name, that ends in so many days and is told apart by its text.</summary>
    private protected Task ShowAsync(params (string Name, int Ends, string Text)[] certificates) => ShowAsync(90, certificates);

    private async Task ShowAsync(int days, params (string Name, int Ends, string Text)[] certificates)
    {
        PaperLog log = await BeginAsync(certificates[0].Text, entries: certificates.Length);
        Batch batch = log.Read(0, (ulong)certificates.Length);
        await CommitAsync(log, batch, [
            .. certificates.Select((one, i) => Some.Unknown(Some.Match(batch.Raw, i, Some.Facts(one.Name) with
            {
                TbsSha256 = Some.Hash(one.Text),
                NotBefore = In(one.Ends - days),
                NotAfter = In(one.Ends),
            })) with
            {
                Endpoints = [new WatchedEndpoint(one.Name, one.Name.EndsWith(".org", StringComparison.Ordinal) ? ".example.org" : ".example.com", one.Name.StartsWith('*'))],
            }),
        ]);
    }

    private protected Task<IReadOnlyList<WatchedName>> NamesAsync() => Store.WatchedNamesAsync(new WatchedNameQuery(100), Cancellation);

    private Task<IReadOnlyList<WatchedName>> MissingAsync(bool untold = false) => Store.WatchedNamesAsync(new WatchedNameQuery(100) { Missing = new RenewalWindow(Time.GetUtcNow(), Month, untold) }, Cancellation);

    private string Described(WatchedName name) => Some.Numbered(name.DnsName + " ", (int)Math.Round((name.NotAfter - Time.GetUtcNow()).TotalDays));
}
