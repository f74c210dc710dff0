using CertHerald.Transparency.Certificates;

namespace CertHerald.Tests.Transparency.Certificates;

/// <summary>No bytes make the reader throw, and none make it allocate.</summary>
public sealed class HostileCertificateTests
{
    [Fact]
    public void Reading_every_name_allocates_nothing()
    {
        byte[][] batch = [.. OddCertificates(), GoldenCertificate.Der];
        int names = 0;
        for (int i = 0; i < 3; i++) names += CountNames(batch);         // warm, and the pool filled
        long before = GC.GetAllocatedBytesForCurrentThread();

        names = CountNames(batch);

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
        Assert.InRange(names, batch.Length, int.MaxValue);
    }

    [Fact]
    public void Reading_real_certificates_allocates_nothing()
    {
        byte[][] batch = [.. Corpus.ReadAll().Select(c => c.Der)];
        byte[] hash = new byte[32];
        ReadAll();
        long before = GC.GetAllocatedBytesForCurrentThread();

        ReadAll();

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());

        void ReadAll()
        {
            CountNames(batch);
            foreach (byte[] der in batch)
                if (CertificateView.TryRead(der, out CertificateView view))
                    TbsFingerprint.Hash(view.Tbs, hash);
        }
    }

    [Fact]
    public void Fuzzers_inputs_are_read_or_reported()
    {
        int inputs = 0;
        foreach (byte[] input in Corpus.FuzzInputs())
        {
            ReadEverything(input);
            inputs++;
        }
        Assert.Equal(1241, inputs);
    }

    [Fact]
    public void Mutations_of_certificates_are_read_or_reported()
    {
        var random = new Random(6962);
        byte[][] originals = [.. OddCertificates(), GoldenCertificate.Der];
        for (int round = 0; round < 4_000; round++) ReadEverything(Mutate(originals[round % originals.Length], random));
    }

    [Fact]
    public void Mutations_of_real_certificates_are_read_or_reported()
    {
        var random = new Random(5280);
        byte[][] originals = [.. Corpus.Read("malformed.jsonl.gz").Concat(Corpus.Read("public-leaf.jsonl.gz")).Select(c => c.Der)];
        for (int round = 0; round < 4_000; round++) ReadEverything(Mutate(originals[round % originals.Length], random));
    }

    [Fact]
    public void A_flipped_byte_in_a_subjectAltName_never_loses_a_name_in_silence()
    {
        byte[] der = OddCertificate.WithSan(OddCertificate.Dns("one.example"), OddCertificate.Dns("two.example")).Der;
        int first = der.AsSpan().IndexOf("one.example"u8) - 2;

        for (int at = first; at < first + 26; at++)
        {
            byte[] changed = [.. der];
            changed[at] ^= 0x41;
            NamesRead read = NamesRead.From(changed);
            bool isWholeName = at != first && at != first + 1 && at != first + 13 && at != first + 14;

            Assert.True(read.DnsNames.Count == 2 == isWholeName || (read.Flaws & CertificateFlaws.MayHideName) != 0, $"byte {at - first}: {read.Flaws}");
        }
    }

    private static byte[][] OddCertificates() => [.. LenientReadingTests.All.Select(odd => odd.Der)];

    private static int CountNames(byte[][] batch)
    {
        int count = 0;
        foreach (byte[] der in batch)
        {
            CertificateView.TryRead(der, out CertificateView view);
            using NameEnumerator names = view.Names;
            while (names.MoveNext()) count += names.Current.Value.Length > 0 ? 1 : 0;
        }
        return count;
    }

    /// <summary>Asks for all that can be asked; the answers must be within the input's proportions.</summary>
    private static void ReadEverything(byte[] input)
    {
        Read(CertificateView.TryRead(input, out CertificateView certificate), certificate);
        Read(CertificateView.TryReadTbs(input, out CertificateView tbs), tbs);
        foreach (SerializedSct sct in new SctList(input)) _ = sct.LeafIndex;

        void Read(bool isRead, CertificateView view)
        {
            if (!isRead) Assert.NotEqual(CertificateFlaws.None, view.Flaws & CertificateFlaws.TbsUnreadable);
            _ = (view.NotBefore, view.NotAfter, view.IsCa, view.IsPrecertificate, view.IsPrecertificateSigner, view.Scts.Count());
            int names = 0;
            foreach (RawName name in view.Names)
            {
                names++;
                Assert.InRange(name.Offset, 0, input.Length);
                Assert.InRange(name.Value.Length, 0, input.Length * 3 / 2);
            }
            Assert.InRange(names, 0, input.Length);
            Assert.InRange(DistinguishedName.Format(view.Issuer).Length, 0, 16 * input.Length);
            _ = (DistinguishedName.Organization(view.Subject), DistinguishedName.CommonName(view.Subject), PublicKeyFacts.Describe(view.Spki));
            Assert.InRange(TbsFingerprint.Splice(view.Tbs).Length, 0, input.Length);
            CertificateView.TryRead(GoldenCertificate.Der, out CertificateView signer);
            Assert.InRange(TbsFingerprint.SpliceReissued(view.Tbs, signer).Length, 0, input.Length + 300);
            Assert.All(view.Problems(), p => Assert.InRange(p.Offset, 0, input.Length));
        }
    }

    private static byte[] Mutate(byte[] original, Random random)
    {
        List<byte> bytes = [.. original];
        for (int changes = random.Next(1, 5); changes > 0 && bytes.Count > 0; changes--)
        {
            int at = random.Next(bytes.Count);
            switch (random.Next(6))
            {
                case 0: bytes[at] = (byte)random.Next(256); break;
                case 1: bytes[at] ^= (byte)(1 << random.Next(8)); break;
                case 2: bytes[at] = (byte)(random.Next(4) switch { 0 => 0x80, 1 => 0xFF, 2 => 0x84, _ => 0 }); break;
                case 3: bytes.RemoveRange(at, Math.Min(random.Next(1, 9), bytes.Count - at)); break;
                case 4: bytes.InsertRange(at, bytes.GetRange(at, Math.Min(random.Next(1, 40), bytes.Count - at))); break;
                default: bytes.RemoveRange(at, bytes.Count - at); break;
            }
        }
        return [.. bytes];
    }
}
