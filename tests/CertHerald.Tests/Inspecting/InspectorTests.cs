using System.Globalization;
using System.Text;
using CertHerald.Deciding;
using CertHerald.Fetching;
using CertHerald.Inspecting;
using CertHerald.Names;
using CertHerald.TestLog;
using CertHerald.Tests.Doubles;
using CertHerald.Tests.Transparency.Certificates;
using CertHerald.Tests.Transparency.Entries;
using CertHerald.Transparency.Entries;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Tests.Inspecting;

public sealed class InspectorTests
{
    [Fact]
    public void The_golden_certificate_gives_the_golden_facts()
    {
        CertificateFacts facts = FindIn(BatchOf(Leaf(GoldenCertificate.Der)), ".sslmate.com").Certificate;

        Assert.Equal(1634, facts.CertDer.Length);
        Assert.Equal("69fb7252f3cd5c052db8325cf82dc40bd72ed01525f2301f804765be8d62ae43", facts.CertSha256);
        Assert.Equal("4dc65f49ec2b0f1b7120207000d8ed3dd94465e89dfe9210715ddc82a8ff4f18", facts.TbsSha256);
        Assert.Equal("36487345ef0c9a7aa10047ab32d64c1617f85163120e7d07187aa443729eebb4", facts.PubkeySha256);
        Assert.Equal(["packages.opsmate.com", "packages.sslmate.com", "software.sslmate.com"], facts.DnsNames);
        Assert.Equal("C=GB, ST=Greater Manchester, L=Salford, O=Sectigo Limited, CN=Sectigo RSA Domain Validation Secure Server CA", facts.IssuerName);
        Assert.Equal((new DateTimeOffset(2021, 7, 13, 0, 0, 0, TimeSpan.Zero), new DateTimeOffset(2022, 8, 12, 23, 59, 59, TimeSpan.Zero)), (facts.NotBefore!.Value, facts.NotAfter!.Value));
        Assert.Empty(facts.IpAddresses);
        Assert.Empty(facts.Problems);
        Assert.False(facts.IsPrecertificate);
        // Not in the certificate: from the chain, of which there is none here.
        Assert.Null(facts.IssuerPubkeySha256);
    }

    [Fact]
    public void The_golden_certificate_is_valid_for_the_two_names_under_the_watched_tree()
    {
        MatchFinding finding = FindIn(BatchOf(Leaf(GoldenCertificate.Der)), ".sslmate.com");

        Decision decision = new Decider(() => KnownCertificates.None, () => [new Subscription("hook", [EventKinds.UnknownCertificate])]).Decide(finding, _ => []);

        Assert.Equal(
            [new WatchedEndpoint("packages.sslmate.com", ".sslmate.com", Wildcard: false), new WatchedEndpoint("software.sslmate.com", ".sslmate.com", Wildcard: false)],
            decision.Endpoints);
        Assert.Equal(["hook"], decision.Owed);
    }

    [Fact]
    public void The_chain_of_an_entry_gives_the_issuers_key()
    {
        using var ca = new TestCa();
        TestCertificate certificate = ca.Issue("a.example.com");
        string issuerKey = CertificateReading.PubkeySha256Of(ca.Intermediate.RawData)!;

        MatchFinding chained = FindIn(BatchOf(Leaf(certificate.Der), Chain([.. certificate.Chain.Skip(1)])), ".example.com");
        Assert.Equal(issuerKey, chained.Certificate.IssuerPubkeySha256);
        Assert.Null(chained.IssuerFingerprint);

        MatchFinding bare = FindIn(BatchOf(Leaf(certificate.Der)), ".example.com");
        Assert.Null(bare.Certificate.IssuerPubkeySha256);
        Assert.Equal(issuerKey, bare.WithIssuer(ca.Intermediate.RawData).Certificate.IssuerPubkeySha256);
        Assert.Same(bare, bare.WithIssuer(null));
        byte[] spki = ca.Intermediate.PublicKey.ExportSubjectPublicKeyInfo();
        Assert.Equal(spki, chained.IssuerSpki);
        Assert.Equal(spki, bare.WithIssuer(ca.Intermediate.RawData).IssuerSpki);
        Assert.Null(bare.IssuerSpki);
        Assert.Null(bare.WithIssuer([1, 2, 3]).IssuerSpki);
        Assert.Null(bare.WithIssuer([1, 2, 3]).Certificate.IssuerPubkeySha256);

        // Shown is not signed: a log may serve any chain beside an entry.
        using var other = new TestCa();
        MatchFinding foreign = FindIn(BatchOf(Leaf(certificate.Der), Chain([other.Intermediate.RawData])), ".example.com");
        Assert.Equal(
            [true, false, true, false, false],
            new[] { chained, bare, bare.WithIssuer(ca.Intermediate.RawData), bare.WithIssuer(other.Intermediate.RawData), foreign }.Select(one => one.IsSignedByIssuer()));
    }

    [Fact]
    public void A_chain_is_kept_as_it_stands_until_a_certificate_is_too_much()
    {
        byte[] leaf = Leaf(OddCertificate.WithSan(OddCertificate.Dns("a.example.com")).Der);
        byte[][] Kept(params byte[][] chain) => [.. FindIn(BatchOf(leaf, Chain(chain)), ".example.com").Chain];
        byte[][] many = [.. Enumerable.Range(0, KeptChain.MostCertificates + 1).Select(i => (byte[])[(byte)i])];
        byte[] large = new byte[KeptChain.MostBytes - 1], tooLarge = new byte[KeptChain.MostBytes + 1];

        Assert.Empty(Kept());
        Assert.Equal(many[..2], Kept(many[..2]));
        Assert.Equal(many[..KeptChain.MostCertificates], Kept(many));
        Assert.Equal([large, many[0]], Kept(large, many[0], many[1]));
        // What stands behind the first that is too much would not follow on what is kept.
        Assert.Equal([many[0]], Kept(many[0], tooLarge, many[1]));
        Assert.Empty(Kept([], many[0]));
    }

    [Fact]
    public async Task Precertificate_and_certificate_are_one_issuance_through_either_kind_of_signer()
    {
        using var ca = new TestCa();
        foreach (bool throughSigner in (bool[])[false, true])
        {
            await using var log = new Log();
            var request = new IssueRequest("a.example.com", "*.example.com") { ThroughSigningCertificate = throughSigner };
            TestPrecertificate precertificate = ca.IssuePrecertificate(request);
            TestCertificate final = precertificate.Final(log.AddPreChain(precertificate.Chain).Sct.Serialize());
            log.AddChain(final.Chain);

            MatchFinding[] findings = [.. Inspect(BatchOf(log), ".example.com").Cast<MatchFinding>()];

            Assert.Equal(2, findings.Length);
            Assert.Equal(findings[0].Certificate.TbsSha256, findings[1].Certificate.TbsSha256);
            Assert.Equal([true, false], findings.Select(finding => finding.Certificate.IsPrecertificate));
            Assert.Equal(precertificate.Der, findings[0].Certificate.CertDer);
            Assert.Equal(final.Der, findings[1].Certificate.CertDer);
            Assert.All(findings, finding => Assert.Equal(CertificateReading.PubkeySha256Of(ca.Intermediate.RawData), finding.Certificate.IssuerPubkeySha256));
            Assert.All(findings, finding => Assert.Empty(finding.Certificate.Problems));
            Assert.All(findings, finding => Assert.True(finding.IsSignedByIssuer()));
            Assert.Equal(precertificate.Chain.Skip(1), findings[0].Chain);
            Assert.Equal(final.Chain.Skip(1), findings[1].Chain);
        }
    }

    [Fact]
    public async Task Rule_2_2_Another_precertificate_beside_the_leaf_is_said_so_and_not_shown()
    {
        using var ca = new TestCa();
        await using var log = new Log();
        log.AddPreChain(ca.IssuePrecertificate("a.example.com").Chain);
        log.AddPreChain(ca.IssuePrecertificate("harmless.example.org").Chain);
        (byte[] leaf, _) = log.ReadEntry(new EntryIndex(0));
        (_, byte[] foreign) = log.ReadEntry(new EntryIndex(1));

        MatchFinding finding = FindIn(RecordedEntries.One(leaf, foreign), ".example.com");

        Assert.Equal(["a.example.com"], finding.Certificate.DnsNames);
        Assert.Empty(finding.Chain);
        Assert.Contains("not the logged one", Assert.Single(finding.Certificate.Problems), StringComparison.Ordinal);
        Assert.DoesNotContain("harmless", Encoding.Latin1.GetString(finding.Certificate.CertDer), StringComparison.Ordinal);
    }

    [Fact]
    public void Recorded_rows_and_static_tiles_of_one_log_give_equal_findings()
    {
        string[] watched = [".com", ".it", "192.0.2.1"];
        using RawBatch rows = RecordedEntries.Read(RecordedEntries.NavigliAnswer(0, 1_000), 0, 1_000), tiles = RecordedEntries.NavigliFromTiles(0, 1_000);

        IReadOnlyList<Finding> fromRows = Inspect(rows, watched), fromTiles = Inspect(tiles, watched);

        Assert.InRange(fromRows.Count, 100, 1_000);
        Assert.Equal(fromRows.Count, fromTiles.Count);
        for (int i = 0; i < fromRows.Count; i++)
        {
            var row = Assert.IsType<MatchFinding>(fromRows[i]);
            var tile = Assert.IsType<MatchFinding>(fromTiles[i]);
            // The chain stands in the row; in tiles, its fingerprint does.
            if (tile.IssuerFingerprint is { } fingerprint)
                tile = tile.WithIssuer(SharedData.Bytes("static-ct", "navigli2025h2", "issuer", fingerprint.ToHex())) with { IssuerFingerprint = null, FingerprintsAbove = [] };
            Assert.Equal(Text(row), Text(tile));
            Assert.NotNull(row.Certificate.IssuerPubkeySha256);
        }

        static string Text(MatchFinding finding) =>
            System.Text.Json.JsonSerializer.Serialize(finding.Certificate) + string.Join(',', finding.Matches) + (finding with { Certificate = null!, Matches = [] });
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_batch_that_matches_nothing_allocates_nothing(bool tiles)
    {
        using RawBatch batch = tiles ? RecordedEntries.NavigliFromTiles(0, 1_000) : RecordedEntries.Read(RecordedEntries.NavigliAnswer(0, 1_000), 0, 1_000);
        WatchList watch = Tests.Names.WatchLists.Of(".example", "certherald.invalid", "192.0.2.77");
        var inspector = new Inspector(() => watch);
        for (int i = 0; i < 50; i++) Assert.Empty(inspector.Inspect(batch));
        long before = GC.GetAllocatedBytesForCurrentThread();

        inspector.Inspect(batch);

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void A_synthetic_batch_that_matches_nothing_allocates_nothing_either()
    {
        var corpus = new SyntheticCorpus();
        using RawBatch batch = BatchOf(corpus.Entries(new EntryIndex(0), 2_000).Select(entry => (entry.LeafInput.ToArray(), entry.ExtraData.ToArray())));
        WatchList watch = Tests.Names.WatchLists.Of(".certherald.invalid");
        var inspector = new Inspector(() => watch);
        for (int i = 0; i < 20; i++) Assert.Empty(inspector.Inspect(batch));
        long before = GC.GetAllocatedBytesForCurrentThread();

        inspector.Inspect(batch);

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void In_a_large_corpus_exactly_the_watched_entries_are_found()
    {
        var corpus = new SyntheticCorpus(new SyntheticCorpusOptions { WatchedDomains = ["certherald.invalid"], WatchedOneIn = 500 });
        using RawBatch batch = BatchOf(corpus.Entries(new EntryIndex(0), 5_000).Select(entry => (entry.LeafInput.ToArray(), entry.ExtraData.ToArray())));

        IReadOnlyList<Finding> findings = Inspect(batch, ".certherald.invalid");

        Assert.Equal(
            Enumerable.Range(0, 5_000).Where(i => corpus.IsWatched(new EntryIndex((ulong)i))).Select(i => (ulong)i),
            findings.Select(finding => finding.Index.Value));
        Assert.Equal(10, findings.Count);
        Assert.All(findings, finding => Assert.Equal(batch.LeafHashes()[(int)finding.Index.Value], finding.LeafHash));
    }

    [Fact]
    public void An_entry_whose_frame_is_broken_is_a_finding_with_its_bytes_and_stops_nothing()
    {
        using var ca = new TestCa();
        byte[] good = Leaf(ca.Issue("a.example.com").Der), cut = good[..^40], unknownType = [.. good];
        unknownType[11] = 9;
        using RawBatch batch = BatchOf([([], []), (cut, Chain()), (unknownType, Chain()), (good, Chain()), ([0xFF], [])]);

        IReadOnlyList<Finding> findings = Inspect(batch, ".example.com");

        Assert.Equal([0UL, 1, 2, 3, 4], findings.Select(finding => finding.Index.Value));
        Assert.IsType<MatchFinding>(findings[3]);
        MalformedFinding[] malformed = [.. findings.OfType<MalformedFinding>()];
        Assert.Equal([[], cut, unknownType, [0xFF]], malformed.Select(finding => finding.Entry));
        Assert.Equal([false, true, true, false], malformed.Select(finding => finding.ShowsWatchedName));
        Assert.All(malformed, finding => Assert.NotEmpty(finding.Problem));
    }

    [Fact]
    public void What_follows_the_names_may_hide_one_so_what_is_read_matches_and_the_rest_is_reported()
    {
        byte[] der = (OddCertificate.WithSan(OddCertificate.Dns("a.example.com")) with { BehindExtensions = OddCertificate.Value(0x0C, "b.example.com") }).Der;

        IReadOnlyList<Finding> findings = Inspect(BatchOf(Leaf(der)), ".example.com");

        Assert.Equal([typeof(MatchFinding), typeof(MalformedFinding)], findings.Select(finding => finding.GetType()));
        var malformed = (MalformedFinding)findings[1];
        Assert.True(malformed.ShowsWatchedName);
        Assert.Equal(DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_123), malformed.Logged);
        Assert.Contains("at byte", malformed.Problem, StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData("W15: where DER goes on behind a name with 30 and a length", new byte[] { 0x30, 0x59, 0x30, 0x13 }, true)]
    [InlineData("a letter as the length before it", new byte[] { 0x00 }, true)]
    [InlineData("within a longer name", new byte[] { (byte)'.', (byte)'o', (byte)'r', (byte)'g', (byte)'.', (byte)'i', (byte)'n', (byte)'v' }, false)]
    public void Raw_bytes_that_hold_a_watched_name_are_more_urgent(string what, byte[] behind, bool isShown)
    {
        byte[] bytes = [0, 1, 2, (byte)'k', .. "www.example.com"u8, .. behind];
        var finding = Assert.IsType<MalformedFinding>(Assert.Single(Inspect(BatchOf(bytes), ".example.com", "example.net")));
        Assert.True(isShown == finding.ShowsWatchedName, what);
    }

    [Fact]
    public void A_watched_name_at_the_end_of_a_long_run_of_letters_is_seen()
    {
        byte[] bytes = [.. Enumerable.Repeat((byte)'a', 5_000), .. ".www.example.com"u8, 0];
        Assert.True(Assert.IsType<MalformedFinding>(Assert.Single(Inspect(BatchOf(bytes), "www.example.com"))).ShowsWatchedName);
    }

    [Fact]
    public void A_certificate_with_ten_thousand_names_is_read_whole()
    {
        byte[] der = OddCertificate.WithSan([.. Enumerable.Range(0, 10_000).Select(i => OddCertificate.Dns(string.Create(CultureInfo.InvariantCulture, $"n{i:00000}.example.com"))), OddCertificate.Dns("last.example.org")]).Der;

        MatchFinding last = FindIn(BatchOf(Leaf(der)), "last.example.org");
        Assert.Equal(10_001, last.Certificate.DnsNames.Count);
        Assert.Equal(["last.example.org"], last.Matches.Select(match => match.Item));
        Assert.False(last.HasMoreMatches);

        MatchFinding all = FindIn(BatchOf(Leaf(der)), ".example.com");
        Assert.Equal(CertificateReading.MostMatches, all.Matches.Count);
        Assert.True(all.HasMoreMatches);
    }

    [Fact]
    public void A_wildcard_over_a_hundred_thousand_watched_names_keeps_its_literal_names_and_a_thousand_matches()
    {
        byte[] der = OddCertificate.WithSan(OddCertificate.Dns("*.com"), OddCertificate.Dns("zzz.example")).Der;
        WatchList watch = Tests.Names.WatchLists.Of(Enumerable.Range(0, 100_000).Select(i => Some.Numbered("n", i) + ".com").Append("zzz.example"));

        var finding = Assert.IsType<MatchFinding>(Assert.Single(new Inspector(() => watch).Inspect(BatchOf(Leaf(der)))));

        Assert.Equal("zzz.example", finding.Matches[0].Item);
        Assert.Equal(CertificateReading.MostMatches, finding.Matches.Count);
        Assert.True(finding.HasMoreMatches);
        Decision decision = new Decider(() => KnownCertificates.None, () => []).Decide(finding, _ => []);
        Assert.Equal(CertificateReading.MostMatches, decision.Endpoints.Count);
        Assert.Contains("more that is watched", decision.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Names_with_stars_that_cost_too_much_to_compare_are_reported_and_literal_ones_still_match(bool holdsWatched)
    {
        string[] globs = [.. Enumerable.Range(0, 100).Select(i => $"*q{i}*.com")];
        byte[] der = OddCertificate.WithSan([.. globs.Append(holdsWatched ? "zzz.example" : "zzz.invalid").Select(OddCertificate.Dns)]).Der;
        WatchList watch = Tests.Names.WatchLists.Of(Enumerable.Range(0, 20_000).Select(i => Some.Numbered("n", i) + ".com").Append("zzz.example"));

        IReadOnlyList<Finding> findings = new Inspector(() => watch).Inspect(BatchOf(Leaf(der)));

        var malformed = Assert.IsType<MalformedFinding>(findings[^1]);
        Assert.Contains("more than 1,000,000 comparisons", malformed.Problem, StringComparison.Ordinal);
        Assert.Equal(holdsWatched ? 2 : 1, findings.Count);
        if (!holdsWatched) return;
        var match = Assert.IsType<MatchFinding>(findings[0]);
        Assert.Equal(["zzz.example"], match.Matches.Select(one => one.Item));
        Assert.Contains(CertificateReading.TooManyGlobs, match.Certificate.Problems);
    }

    [Fact]
    public void Names_with_stars_that_can_all_be_compared_are_no_finding()
    {
        byte[] der = OddCertificate.WithSan([.. Enumerable.Range(0, 40).Select(i => OddCertificate.Dns($"*q{i}*.com"))]).Der;
        WatchList watch = Tests.Names.WatchLists.Of(Enumerable.Range(0, 20_000).Select(i => Some.Numbered("n", i) + ".com"));

        Assert.Empty(new Inspector(() => watch).Inspect(BatchOf(Leaf(der))));
    }

    [Fact]
    public void One_batch_is_judged_by_one_watch_list_and_the_next_by_the_new_one()
    {
        int asked = 0;
        WatchList[] lists = [Tests.Names.WatchLists.Of(".example.com"), WatchList.Empty];
        var inspector = new Inspector(() => lists[Math.Min(asked++, 1)]);
        using RawBatch batch = BatchOf(Enumerable.Range(0, 3).Select(i => (Leaf(OddCertificate.WithSan(OddCertificate.Dns(Some.Numbered("n", i) + ".example.com")).Der), Chain())));

        Assert.Equal(3, inspector.Inspect(batch).Count);
        Assert.Empty(inspector.Inspect(batch));
        Assert.Equal(2, asked);
    }

    [Fact]
    public async Task A_watch_list_swapped_while_batches_are_inspected_gives_whole_results_of_the_one_or_the_other()
    {
        WatchList one = Tests.Names.WatchLists.Of(".example.com"), other = Tests.Names.WatchLists.Of(".example.org");
        WatchList current = one;
        var inspector = new Inspector(() => Volatile.Read(ref current));
        using RawBatch batch = BatchOf(Enumerable.Range(0, 200).Select(i => (Leaf(OddCertificate.WithSan(OddCertificate.Dns(Some.Numbered("n", i) + (i % 4 == 0 ? ".example.org" : ".example.com"))).Der), Chain())));
        batch.LeafHashes();

        await Task.WhenAll(
            Task.Run(() =>
            {
                for (int i = 0; i < 200; i++) Volatile.Write(ref current, i % 2 == 0 ? other : one);
            }, TestContext.Current.CancellationToken),
            Task.Run(() =>
            {
                for (int i = 0; i < 200; i++) Assert.Contains(inspector.Inspect(batch).Count, (int[])[50, 150]);
            }, TestContext.Current.CancellationToken));
    }

    [Fact]
    public void Every_certificate_of_the_corpus_is_found_by_each_of_its_names()
    {
        WatchList everything = Tests.Names.WatchLists.Of(".");
        var inspector = new Inspector(() => everything);
        int found = 0;
        foreach ((string sha256, byte[] der) in ((string[])["public-leaf", "public-precert", "wild-leaf"]).SelectMany(file => Transparency.Certificates.Corpus.Read(file + ".jsonl.gz").Take(400)))
        {
            IReadOnlyList<Finding> findings = inspector.Inspect(BatchOf(Leaf(der)));
            foreach (MatchFinding match in findings.OfType<MatchFinding>())
            {
                found++;
                Assert.Equal(sha256, match.Certificate.CertSha256);
                foreach (string name in match.Certificate.DnsNames.Where(name => name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-') && name.Length < 250 && !name.Contains("..", StringComparison.Ordinal) && name[0] != '.').Take(3))
                    Assert.Contains(Inspect(BatchOf(Leaf(der)), name), finding => finding is MatchFinding);
            }
        }
        Assert.InRange(found, 300, 1_200);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Everything_that_matches_nothing_goes_to_the_index_if_it_takes_all(bool keepsDer)
    {
        using RawBatch batch = RecordedEntries.Read(RecordedEntries.NavigliAnswer(0, 1_000), 0, 1_000);
        WatchList everything = Tests.Names.WatchLists.Of("."), watch = Tests.Names.WatchLists.Of(".com");
        Dictionary<EntryIndex, MatchFinding> all = new Inspector(() => everything).Inspect(batch).OfType<MatchFinding>().ToDictionary(match => match.Index);
        var inspector = new Inspector(() => watch) { Index = new IndexOptions { TakesAll = true, KeepsDer = keepsDer } };
        var others = new List<IndexedCertificate>();

        IReadOnlyList<Finding> findings = inspector.Inspect(batch, others);

        Assert.Equal(batch.Count, findings.OfType<MatchFinding>().Count() + others.Count);
        Assert.InRange(others.Count, 100, 900);
        foreach (IndexedCertificate other in others)
        {
            Assert.Equal(all[other.Index].Logged, other.Logged);
            CertificateFacts expected = all[other.Index].Certificate;
            // What the chain contradicts is no part of it.
            Assert.Equivalent(keepsDer ? expected : expected with { CertDer = [] }, other.Certificate, strict: true);
        }
    }

    [Fact]
    public void No_bytes_of_the_fuzzing_corpora_stop_inspection()
    {
        WatchList watch = Tests.Names.WatchLists.Of(".com", "localhost", "127.0.0.1");
        var inspector = new Inspector(() => watch);
        foreach (byte[] blob in RecordedEntries.Blobs())
        {
            foreach (byte[] leaf in (byte[][])[blob, Leaf(blob)])
                foreach (Finding finding in inspector.Inspect(BatchOf(leaf)))
                    Assert.DoesNotContain("certherald failed", finding is MalformedFinding malformed ? malformed.Problem : "", StringComparison.Ordinal);
        }
    }

    private static IReadOnlyList<Finding> Inspect(RawBatch batch, params string[] watched)
    {
        WatchList watch = Tests.Names.WatchLists.Of(watched);
        return new Inspector(() => watch).Inspect(batch);
    }

    private static MatchFinding FindIn(RawBatch batch, params string[] watched) => Assert.IsType<MatchFinding>(Assert.Single(Inspect(batch, watched)));

    private static RawBatch BatchOf(byte[] leaf, byte[]? extraData = null) => RecordedEntries.One(leaf, extraData ?? Chain());

    private static RawBatch BatchOf(Log log) =>
        BatchOf(Enumerable.Range(0, (int)log.Size.Value).Select(i => log.ReadEntry(new EntryIndex((ulong)i))));

    private static RawBatch BatchOf(IEnumerable<(byte[] LeafInput, byte[] ExtraData)> entries)
    {
        using var builder = new RawBatchBuilder(new EntryIndex(0), ExtraDataForm.Rfc6962);
        foreach ((byte[] leafInput, byte[] extraData) in entries) Assert.True(builder.Add(leafInput, extraData));
        return builder.Build();
    }

    /// <summary>A MerkleTreeLeaf of an x509 entry.</summary>
    private static byte[] Leaf(byte[] der)
    {
        byte[] leaf = new byte[15 + der.Length + 2];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt64BigEndian(leaf.AsSpan(2), 1_700_000_000_123);
        (leaf[12], leaf[13], leaf[14]) = ((byte)(der.Length >> 16), (byte)(der.Length >> 8), (byte)der.Length);
        der.CopyTo(leaf, 15);
        return leaf;
    }

    /// <summary>The extra_data of an x509 entry.</summary>
    private static byte[] Chain(params byte[][] certificates)
    {
        byte[] list = [.. certificates.SelectMany(der => (byte[])[(byte)(der.Length >> 16), (byte)(der.Length >> 8), (byte)der.Length, .. der])];
        return [(byte)(list.Length >> 16), (byte)(list.Length >> 8), (byte)list.Length, .. list];
    }
}
