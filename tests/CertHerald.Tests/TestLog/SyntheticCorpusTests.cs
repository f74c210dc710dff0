using System.Security.Cryptography.X509Certificates;
using CertHerald.TestLog;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Tests.TestLog;

public class SyntheticCorpusTests
{
    private static readonly SyntheticCorpusOptions Watched = new() { WatchedDomains = ["example.com", "example.org"], WatchedOneIn = 500 };

    [Fact]
    public async Task Twenty_thousand_entries_hold_real_certificates_and_the_watched_names_where_it_says()
    {
        var corpus = new SyntheticCorpus(Watched);
        await using ServedLog served = await ServedLog.StartAsync();
        Assert.Equal(20_000UL, served.Log.AddCorpus(corpus.Entries(new EntryIndex(0), 20_000)));
        served.Log.Publish();

        ulong[] told = [.. corpus.WatchedIndexes(20_000).Select(i => i.Value)];
        List<ulong> found = [];
        int precerts = 0;
        for (ulong i = 0; i < 20_000; i++)
        {
            (byte[] leaf, byte[] extra) = served.Log.ReadEntry(new EntryIndex(i));
            bool isPrecert = leaf[11] == 1;
            if (isPrecert) precerts++;
            Assert.Equal([0, 0, 5, 0, 0, (byte)(i >> 16), (byte)(i >> 8), (byte)i], leaf[^8..]);
            if (leaf.AsSpan().IndexOf("example."u8) >= 0) found.Add(i);
            if (i % 50 != 0) continue;

            byte[] der = isPrecert ? extra[3..(3 + (extra[1] << 8 | extra[2]))] : leaf[15..^10];
            using X509Certificate2 certificate = X509CertificateLoader.LoadCertificate(der);
            Assert.Equal(corpus.NamesAt(new EntryIndex(i)), certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().Single().EnumerateDnsNames());
            Assert.Equal(corpus.NamesAt(new EntryIndex(i))[0], certificate.GetNameInfo(X509NameType.SimpleName, false));
            Assert.Equal(isPrecert, certificate.Extensions[CertificateParts.Poison] is not null);
            Assert.NotNull((object?)certificate.GetRSAPublicKey() ?? certificate.GetECDsaPublicKey());
        }

        Assert.Equal(40, told.Length);
        Assert.Equal(told, found);
        Assert.Equal(told, Enumerable.Range(0, 20_000).Select(i => (ulong)i).Where(i => corpus.IsWatched(new EntryIndex(i))));
        Assert.InRange(precerts, 14_500, 15_500);
    }

    [Fact]
    public void Names_that_are_given_stand_in_place_of_invented_ones()
    {
        var corpus = new SyntheticCorpus(Watched with { Names = index => [$"host{index}.example.net", "example.net"] });
        for (ulong i = 0; i < 1_000; i++)
        {
            string[] wanted = corpus.IsWatched(new EntryIndex(i)) ? [.. corpus.NamesAt(new EntryIndex(i))] : [$"host{i}.example.net", "example.net"];
            Assert.Equal(corpus.IsWatched(new EntryIndex(i)), !wanted[0].EndsWith("example.net", StringComparison.Ordinal));
            ReadOnlySpan<byte> leaf = corpus.EntryAt(new EntryIndex(i)).LeafInput.Span;
            Assert.True(leaf.IndexOf(System.Text.Encoding.ASCII.GetBytes(wanted[0])) > 0);
        }
    }

    [Fact]
    public void A_precertificate_without_poison_is_its_leaf_and_its_chain_has_the_key_of_the_leaf()
    {
        var corpus = new SyntheticCorpus(new SyntheticCorpusOptions { PrecertShare = 1 });
        for (ulong i = 0; i < 200; i++)
        {
            CorpusEntry entry = corpus.EntryAt(new EntryIndex(i));
            byte[] leaf = entry.LeafInput.ToArray(), extra = entry.ExtraData.ToArray();
            int length = extra[1] << 8 | extra[2], issuer = extra[3 + length + 4] << 8 | extra[3 + length + 5];
            int at = 3 + length + 6;

            CertificateParts precertificate = CertificateParts.Read(extra[3..(3 + length)])!, intermediate = CertificateParts.Read(extra[at..(at + issuer)])!;

            Assert.Equal(precertificate.TbsWithout(CertificateParts.Poison), leaf[47..^10]);
            Assert.Equal(intermediate.KeyHash, leaf[12..44]);
            Assert.Equal(intermediate.Subject.ToArray(), precertificate.Issuer.ToArray());
        }
    }

    [Fact]
    public void The_same_seed_gives_the_same_bytes_and_another_does_not()
    {
        var index = new EntryIndex(123_456_789);
        CorpusEntry entry = new SyntheticCorpus(Watched).EntryAt(index), again = new SyntheticCorpus(Watched).EntryAt(index);
        CorpusEntry other = new SyntheticCorpus(Watched with { Seed = 2 }).EntryAt(index);

        Assert.Equal(entry.LeafInput.ToArray(), again.LeafInput.ToArray());
        Assert.Equal(entry.ExtraData.ToArray(), again.ExtraData.ToArray());
        Assert.NotEqual(entry.LeafInput.ToArray(), other.LeafInput.ToArray());
    }

    [Fact]
    public async Task An_entry_is_about_as_large_as_in_public_logs()
    {
        await using ServedLog served = await ServedLog.StartAsync();
        served.Log.AddCorpus(new SyntheticCorpus().Entries(new EntryIndex(0), 1024));
        served.Log.Publish();

        int json = (await served.BytesAsync("ct/v1/get-entries?start=0&end=999")).Length / 1000;
        int tile = (await served.BytesAsync("tiles/tile/data/002")).Length / 256;

        Assert.InRange(json, 5_200, 5_800);
        Assert.InRange(tile, 1_550, 1_850);
    }
}
