using System.Text.Json;
using CertHerald.Deciding;
using CertHerald.Inspecting;
using CertHerald.Storage;
using CertHerald.Tests.Doubles;
using CertHerald.Transparency.Batches;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Tests.Storage;

/// <summary>Issuances, sightings, malformed entries.</summary>
public abstract partial class StoreConformance
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_precertificate_and_its_certificate_in_either_order_are_one_issuance_told_once(bool certificateFirst)
    {
        PaperLog one = await BeginAsync("one", entries: 1), other = await BeginAsync("other", entries: 1);
        CertificateFacts precertificate = Some.Facts("a.example", isPrecertificate: true), certificate = Some.Facts("a.example");

        Batch first = one.Read(0, 1), second = other.Read(0, 1);
        CommitOutcome discovered = await CommitAsync(one, first, Some.Unknown(Some.Match(first.Raw, 0, certificateFirst ? certificate : precertificate), "hook"));
        Issuance before = Assert.Single(await Store.IssuancesAsync(null, 10, Cancellation));
        CommitOutcome seenAgain = await CommitAsync(other, second, Some.Unknown(Some.Match(second.Raw, 0, certificateFirst ? precertificate : certificate), "hook", "later"));

        Assert.Equal((1, 1, 0, 0), (discovered.Discovered, discovered.Owed, seenAgain.Discovered, seenAgain.Owed));
        Issuance issuance = Assert.Single(await Store.IssuancesAsync(null, 10, Cancellation));
        Assert.Equal(before.Id, issuance.Id);
        Assert.Equal(certificateFirst ? certificate.CertSha256 : precertificate.CertSha256, before.Certificate.CertSha256);
        Assert.Equal(certificate.CertSha256, issuance.Certificate.CertSha256);
        Assert.Equal(certificate.CertDer, issuance.Certificate.CertDer);
        Assert.False(issuance.Certificate.IsPrecertificate);
        Assert.Single(await Store.DeliveriesAsync(new DeliveryFilter(), Cancellation));

        IReadOnlyList<Sighting> sightings = await Store.SightingsAsync(issuance.Id, Cancellation);
        Assert.Equal([("one", !certificateFirst), ("other", certificateFirst)], sightings.Select(sighting => (sighting.LogDescription, sighting.IsPrecertificate)));
        Assert.Equal(one.FrontierAt(1).Root(), sightings[0].LeafHash);
        Assert.Equal((one.Id, 0UL, Some.Logged), (sightings[0].Log, sightings[0].Index.Value, sightings[0].Logged));
    }

    [Fact]
    public async Task Both_within_one_batch_are_one_issuance_too()
    {
        PaperLog log = await BeginAsync(entries: 2);
        Batch batch = log.Read(0, 2);

        CommitOutcome outcome = await CommitAsync(
            log, batch,
            Some.Unknown(Some.Match(batch.Raw, 0, Some.Facts("a.example", isPrecertificate: true)), "hook"),
            Some.Unknown(Some.Match(batch.Raw, 1, Some.Facts("a.example")), "hook"));

        Assert.Equal((1, 1), (outcome.Discovered, outcome.Owed));
        Assert.Equal(2, (await Store.SightingsAsync(1, Cancellation)).Count);
    }

    [Fact]
    public async Task The_first_certificate_of_an_issuance_stays_whatever_comes_after_it()
    {
        PaperLog log = await BeginAsync(entries: 2);
        Batch batch = log.Read(0, 2);
        CertificateFacts first = Some.Facts("a.example"), otherSignature = first with { CertSha256 = Some.Hash("signed again"), CertDer = [1] };

        await CommitAsync(log, batch, Some.Unknown(Some.Match(batch.Raw, 0, first)), Some.Unknown(Some.Match(batch.Raw, 1, otherSignature)));

        Assert.Equal(first.CertSha256, (await Store.FindIssuanceAsync(1, Cancellation))!.Certificate.CertSha256);
    }

    [Fact]
    public async Task An_issuers_key_that_was_missing_is_learnt_from_a_later_sighting_and_never_replaced()
    {
        PaperLog log = await BeginAsync(entries: 3);
        string?[] keys = [null, Some.Hash("right"), Some.Hash("another")];
        Batch batch = log.Read(0, 3);

        await CommitAsync(log, batch, [.. keys.Select((key, i) => Some.Unknown(Some.Match(batch.Raw, i, Some.Facts("a.example") with { IssuerPubkeySha256 = key })))]);

        Assert.Equal(Some.Hash("right"), (await Store.FindIssuanceAsync(1, Cancellation))!.Certificate.IssuerPubkeySha256);
    }

    [Fact]
    public async Task A_log_that_contradicts_its_entries_has_one_open_incident_and_each_issuance_says_so()
    {
        PaperLog log = await BeginAsync(entries: 4), other = await BeginAsync(entries: 1, name: "other");
        Batch batch = log.Read(0, 4), otherBatch = other.Read(0, 1);
        MatchFinding Match(Batch of, int place, string name, string? mismatch) => Some.Match(of.Raw, place, Some.Facts(name, isPrecertificate: true)).Contradicted(mismatch);

        await CommitAsync(log, batch,
            Some.Unknown(Match(batch, 0, "a.example", null)), Some.Unknown(Match(batch, 1, "a.example", "there is no chain")),
            Some.Unknown(Match(batch, 2, "a.example", "there is no chain")), Some.Unknown(Match(batch, 3, "b.example", "the precertificate is another")));
        await CommitAsync(other, otherBatch, Some.Unknown(Match(otherBatch, 0, "a.example", null)));

        Incident incident = Assert.Single(await Store.IncidentsAsync(10, Cancellation));
        Assert.Equal((log.Id, "chain_mismatch"), (incident.Log, incident.Kind));
        Assert.Contains("\"entry_index\":1", incident.Evidence, StringComparison.Ordinal);
        Assert.Equal(["The log contradicts its own entry: there is no chain."], (await Store.FindIssuanceAsync(1, Cancellation))!.Certificate.Problems);
        Assert.Equal(["The log contradicts its own entry: the precertificate is another."], (await Store.FindIssuanceAsync(2, Cancellation))!.Certificate.Problems);
        Assert.Equal(4, (await Store.SightingsAsync(1, Cancellation)).Count);
    }

    [Fact]
    public async Task Every_fact_and_the_decision_come_back_as_they_were_stored()
    {
        PaperLog log = await BeginAsync(entries: 2);
        Batch batch = log.Read(0, 2);
        CertificateFacts full = Some.Facts("b.example") with
        {
            DnsNames = ["*.b.example", "<unparsable>.example", "b\"\\\u202e.example"],
            IpAddresses = ["192.0.2.1", "2001:db8::1"],
            SubjectName = "CN=\u0000 '; DROP TABLE issuance; --",
            Problems = ["one", "two"],
            IsPrecertificate = true,
        };
        CertificateFacts bare = Some.Facts("a.example") with { IssuerPubkeySha256 = null, IssuerOrganization = null, IssuerCommonName = null, NotBefore = null, NotAfter = null };
        var match = new MatchFinding(batch.Raw[0].Index, batch.Raw.LeafHashes()[0], Some.Logged, full, [], null);
        WatchedEndpoint[] endpoints = [new("a.b.example", ".b.example", Wildcard: true), new("b.example", "b.example", Wildcard: false)];

        await CommitAsync(log, batch, new Decision(match, endpoints, Known: true, "its key is authorised", []), Some.Unknown(Some.Match(batch.Raw, 1, bare)));

        Issuance first = (await Store.FindIssuanceAsync(1, Cancellation))!, second = (await Store.FindIssuanceAsync(2, Cancellation))!;
        Assert.Equal(JsonSerializer.Serialize(full), JsonSerializer.Serialize(first.Certificate));
        Assert.Equal(JsonSerializer.Serialize(bare), JsonSerializer.Serialize(second.Certificate));
        Assert.Equal(endpoints, first.Endpoints);
        Assert.Equal((true, "its key is authorised", Time.GetUtcNow()), (first.Known, first.Reason, first.Discovered));
        Assert.False(second.Known);
        Assert.Null(await Store.FindIssuanceAsync(3, Cancellation));
    }

    [Fact]
    public async Task Issuances_are_paged_from_the_newest()
    {
        PaperLog log = await BeginAsync(entries: 5);
        Batch batch = log.Read(0, 5);
        await CommitAsync(log, batch, [.. Enumerable.Range(0, 5).Select(i => Some.Unknown(Some.Match(batch.Raw, i, Some.Facts(Some.Numbered("n", i)))))]);

        Assert.Equal([5L, 4, 3, 2, 1], (await Store.IssuancesAsync(null, 10, Cancellation)).Select(one => one.Id));
        Assert.Equal([3L, 2], (await Store.IssuancesAsync(4, 2, Cancellation)).Select(one => one.Id));
        Assert.Empty(await Store.IssuancesAsync(1, 2, Cancellation));
    }

    [Fact]
    public async Task Reading_a_batch_again_changes_nothing()
    {
        PaperLog log = await BeginAsync(entries: 4);
        Decision[] Decide(Batch batch) =>
        [
            Some.Unknown(Some.Match(batch.Raw, 0, Some.Facts("a.example", isPrecertificate: true)), "hook", "other"),
            Some.Unknown(Some.Malformed(batch.Raw, 1), "hook"),
            Some.Unknown(Some.Match(batch.Raw, 2, Some.Facts("b.example")), "hook"),
        ];
        Batch batch = log.Read(0, 3);
        await CommitAsync(log, batch, Decide(batch));
        // A dispute goes back to the beginning.
        await CommitAsync(log, log.Read(3, 4, log.Lie()));
        string before = await EverythingAsync();

        batch = log.Read(0, 3);
        CommitOutcome outcome = await CommitAsync(log, batch, Decide(batch));
        await CommitAsync(log, log.Read(3, 4, log.Lie()));

        // The dispute is seen again; the entry that cannot be read is the same one.
        int dispute = before.IndexOf("Kind = root_mismatch", StringComparison.Ordinal), cases = before.IndexOf("Cases = 1", dispute, StringComparison.Ordinal);
        Assert.Equal($"{before[..cases]}Cases = 2{before[(cases + "Cases = 1".Length)..]}", await EverythingAsync());
        Assert.Equal((0, 0), (outcome.Discovered, outcome.Owed));
    }

    [Fact]
    public async Task A_malformed_entry_is_kept_whole_and_told_once()
    {
        PaperLog log = await BeginAsync(entries: 2);
        Batch batch = log.Read(0, 2);

        CommitOutcome outcome = await CommitAsync(log, batch, Some.Unknown(Some.Malformed(batch.Raw, 1), "hook"));

        Assert.Equal((0, 1), (outcome.Discovered, outcome.Owed));
        MalformedEntry entry = (await Store.FindMalformedAsync(1, Cancellation))!;
        Assert.Equal((log.Id, "paper", "https://paper.example/", 1UL), (entry.Log, entry.LogDescription, entry.LogUrl, entry.Index.Value));
        Assert.Equal(MerkleHash.OfLeaf("paper 1"u8), entry.LeafHash);
        Assert.Equal(("the TBS has no end", true, Time.GetUtcNow()), (entry.Problem, entry.ShowsWatchedName, entry.Discovered));
        Assert.Equal("paper 1"u8, entry.Entry);
        StoredDelivery delivery = Assert.Single(await Store.DeliveriesAsync(new DeliveryFilter(), Cancellation));
        Assert.Equal((EventKinds.MalformedCertificate, 1L), (delivery.Kind, delivery.Subject));
        Assert.Null(await Store.FindMalformedAsync(2, Cancellation));
    }

    [Fact]
    public async Task Endpoints_below_a_parent_are_the_literal_names_exactly_one_label_below()
    {
        PaperLog log = await BeginAsync(entries: 1);
        Batch batch = log.Read(0, 1);
        WatchedEndpoint[] endpoints =
        [
            new("a.example.com", ".example.com", Wildcard: false), new("b.example.com", ".example.com", Wildcard: true),
            new("c.d.example.com", ".example.com", Wildcard: false), new("example.com", ".example.com", Wildcard: false),
            new("localhost", ".", Wildcard: false), new("2001:db8::1", "2001:db8::1", Wildcard: false),
        ];
        await CommitAsync(log, batch, Some.Unknown(Some.Match(batch.Raw, 0, Some.Facts("x"))) with { Endpoints = endpoints });

        Assert.Equal(["a.example.com"], await Store.EndpointsBelowAsync("example.com", Cancellation));
        Assert.Equal(["c.d.example.com"], await Store.EndpointsBelowAsync("d.example.com", Cancellation));
        Assert.Equal(["example.com"], await Store.EndpointsBelowAsync("com", Cancellation));
        // A name of one label is below no name, least of all itself.
        Assert.Empty(await Store.EndpointsBelowAsync("localhost", Cancellation));
    }

    [Fact]
    public async Task No_more_than_1000_endpoints_below_a_parent_are_given()
    {
        PaperLog log = await BeginAsync(entries: 1);
        Batch batch = log.Read(0, 1);
        IReadOnlyList<WatchedEndpoint> endpoints = [.. Enumerable.Range(0, 1_200).Select(i => new WatchedEndpoint(Some.Numbered("n", i) + ".example", ".example", Wildcard: false))];
        await CommitAsync(log, batch, Some.Unknown(Some.Match(batch.Raw, 0, Some.Facts("x"))) with { Endpoints = endpoints });

        Assert.Equal(1_000, (await Store.EndpointsBelowAsync("example", Cancellation)).Count);
        Assert.Equal(1_200, (await Store.FindIssuanceAsync(1, Cancellation))!.Endpoints.Count);
    }

    /// <summary>All that a store shows, as text.</summary>
    private protected async Task<string> EverythingAsync()
    {
        IReadOnlyList<Issuance> issuances = await Store.IssuancesAsync(null, 1_000, Cancellation);
        IReadOnlyList<StoredDelivery> deliveries = await Store.DeliveriesAsync(new DeliveryFilter(Limit: 1_000), Cancellation);
        var sightings = new List<string>();
        foreach (Issuance issuance in issuances) sightings.AddRange((await Store.SightingsAsync(issuance.Id, Cancellation)).Select(one => one.ToString()));
        var attempts = new List<StoredAttempt>();
        foreach (StoredDelivery delivery in deliveries) attempts.AddRange(await Store.AttemptsAsync(delivery.Id, Cancellation));
        return string.Join(
            '\n',
            [
                JsonSerializer.Serialize(issuances), JsonSerializer.Serialize(deliveries), JsonSerializer.Serialize(attempts), .. sightings,
                .. (await Store.LogsAsync(Cancellation)).Select(log => log.ToString()), .. (await Store.IncidentsAsync(100, Cancellation)).Select(one => one.ToString()),
                JsonSerializer.Serialize((await Store.FindMalformedAsync(1, Cancellation))?.Entry),
            ]);
    }
}
