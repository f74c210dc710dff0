using System.Text;
using CertHerald.Transparency.Certificates;
using static CertHerald.Tests.Transparency.Certificates.OddCertificate;

namespace CertHerald.Tests.Transparency.Certificates;

/// <summary>The specification's table of malformed certificates, row by row: matched, or matched as far as possible and reported.</summary>
public sealed class LenientReadingTests
{
    private const CertificateFlaws None = CertificateFlaws.None;
    private static readonly byte[] SanOfW = Extension(San, Sequence(Dns("w.example")));

    private static readonly Dictionary<string, OddCertificate> Harmless = new()
    {
        ["validity that is garbage"] = new() { Validity = Sequence(Value(0x17, "yesterday"), Value(0x0C, "")) },
        ["validity without parts"] = new() { Validity = Sequence() },
        ["empty serial"] = new() { Serial = Value(0x02, Array.Empty<byte>()) },
        ["non-minimal serial"] = new() { Serial = Value(0x02, [0, 0, 1]) },
        ["no serial"] = new() { Serial = [] },
        ["wrong poison value"] = new() { Extensions = [Extension(Poison, Value(0x04, [1])), SanOfW] },
        ["poison without value"] = new() { Extensions = [Sequence(Value(0x06, Poison)), SanOfW] },
        ["several BasicConstraints"] = new() { Extensions = [Extension(BasicConstraints, Sequence()), Extension(BasicConstraints, Sequence()), SanOfW] },
        ["several SANs"] = new() { Extensions = [Extension(San, Sequence(Dns("v.example"))), SanOfW] },
        ["empty SAN before"] = new() { Extensions = [Extension(San, Sequence()), SanOfW] },
        ["one zero after SAN"] = new() { Extensions = [Extension(San, [.. Sequence(Dns("w.example")), 0])] },
        ["zeros after SAN"] = new() { Extensions = [Extension(San, [.. Sequence(Dns("w.example")), 0, 0, 0, 0])] },
        ["application tag"] = WithSan(Value(0x42, "w.example")),
        ["universal tag"] = WithSan(Value(0x02, "w.example")),
        ["private tag"] = WithSan(Value(0xC2, "w.example")),
        ["constructed dNSName with bare text"] = WithSan(Value(0xA2, "w.example")),
        ["constructed dNSName of octet strings"] = WithSan(Value(0xA2, Concat(Value(0x04, "w."), Value(0x04, "example")))),
        ["constructed dNSName of IA5 strings"] = WithSan(Value(0xA2, Concat(Value(0x16, "w.exa"), Value(0x16, ""), Value(0x16, "mple")))),
        ["constructed dNSName, nested"] = WithSan(Value(0xA2, Value(0x24, Concat(Value(0x04, "w.exa"), Value(0x04, "mple"))))),
        ["dNSName tagged explicitly"] = WithSan(Value(0xA2, Value(0x0C, "w.example"))),
        ["dNSName tagged explicitly, of wide characters"] = WithSan(Value(0xA2, Value(0x1E, Encoding.BigEndianUnicode.GetBytes("w.example")))),
        ["dNSName of indefinite length"] = WithSan(IndefiniteValue(0xA2, Value(0x04, "w.example"))),
        ["SAN extension of indefinite length"] = new() { Extensions = [IndefiniteValue(0x30, Concat(Value(0x06, San), Value(0x04, IndefiniteValue(0x30, Dns("w.example")))))] },
        ["SAN in a constructed octet string"] = new() { Extensions = [Sequence(Value(0x06, San), IndefiniteValue(0x24, Value(0x04, Sequence(Dns("w.example")))))] },
        ["non-minimal length of a name"] = WithSan(ValueWithLengthOctets(1, 0x82, "w.example"u8.ToArray())),
        ["non-minimal length of many bytes"] = WithSan(ValueWithLengthOctets(100, 0x82, "w.example"u8.ToArray())),
        ["all frames of indefinite length"] = new() { Extensions = [SanOfW], Frame = IndefiniteValue },
        ["all frames of non-minimal length"] = new() { Extensions = [SanOfW], Frame = (tag, content) => ValueWithLengthOctets(7, tag, content) },
        ["critical of 01"] = new() { Extensions = [Sequence(Value(0x06, San), Value(0x01, [1]), Value(0x04, Sequence(Dns("w.example"))))] },
        ["critical of two bytes"] = new() { Extensions = [Sequence(Value(0x06, San), Value(0x01, [0, 7]), Value(0x04, Sequence(Dns("w.example"))))] },
        ["critical of no bytes"] = new() { Extensions = [Sequence(Value(0x06, San), Value(0x01, Array.Empty<byte>()), Value(0x04, Sequence(Dns("w.example"))))] },
        ["explicit critical FALSE"] = new() { Extensions = [Sequence(Value(0x06, San), Value(0x01, [0]), Value(0x04, Sequence(Dns("w.example"))))] },
        ["bytes after the certificate"] = new() { Extensions = [SanOfW], BehindCertificate = [1, 2, 3] },
        ["bytes after the signature"] = new() { Extensions = [SanOfW], BehindSignature = [0x05, 0x00] },
        ["no version"] = new() { Extensions = [SanOfW], Version = [] },
        ["unique identifiers"] = new() { Extensions = [SanOfW], Spki = Concat(Sequence(), Value(0x81, [0, 1]), Value(0x82, [0, 1])) },
        ["high tag number beside the name"] = WithSan(Dns("w.example"), Value(0x80, [1])),
        ["address of 8 bytes beside"] = WithSan(Value(0x87, new byte[8]), Dns("w.example")),
        ["every other kind of name beside"] = WithSan(Value(0xA0, Value(0x06, [1])), Value(0x81, "a@w.example"), Value(0xA3, []), Value(0xA4, []),
            Value(0xA5, []), Value(0x86, "https://x/"), Value(0x88, [0x2A]), Dns("w.example")),
        ["CN in UTF8String"] = WithSubject(Rdn(CommonName, 0x0C, "w.example")),
        ["CN in NumericString"] = WithSubject(Rdn(CommonName, 0x12, "w.example")),
        ["CN in PrintableString"] = WithSubject(Rdn(CommonName, 0x13, "w.example")),
        ["CN in TeletexString"] = WithSubject(Rdn(CommonName, 0x14, "w.example")),
        ["CN in IA5String"] = WithSubject(Rdn(CommonName, 0x16, "w.example")),
        ["CN in VisibleString"] = WithSubject(Rdn(CommonName, 0x1A, "w.example")),
        ["CN in GeneralString"] = WithSubject(Rdn(CommonName, 0x1B, "w.example")),
        ["CN in BMPString"] = WithSubject(Rdn(CommonName, Value(0x1E, Encoding.BigEndianUnicode.GetBytes("w.example")))),
        ["CN in UniversalString"] = WithSubject(Rdn(CommonName, Value(0x1C, new UTF32Encoding(true, false).GetBytes("w.example")))),
        ["CN of several pieces"] = WithSubject(Rdn(CommonName, Value(0x2C, Concat(Value(0x04, "w.exa"), Value(0x0C, "mple"))))),
        ["CN of several wide pieces"] = WithSubject(Rdn(CommonName, IndefiniteValue(0x3E, Concat(
            Value(0x04, Encoding.BigEndianUnicode.GetBytes("w.exa")), Value(0x04, Encoding.BigEndianUnicode.GetBytes("mple")))))),
        ["CN constructed with bare text"] = WithSubject(Rdn(CommonName, Value(0x33, "w.example"))),
        ["several CNs"] = WithSubject(Rdn(CommonName, 0x0C, "Example Inc"), Rdn(CommonName, 0x0C, "w.example")),
        ["CN in a multi-valued RDN"] = WithSubject(Value(0x31, Concat(
            Sequence(Value(0x06, [0x55, 0x04, 0x0A]), Value(0x0C, "Example")), Sequence(Value(0x06, CommonName), Value(0x0C, "w.example"))))),
        ["empty RDN before"] = WithSubject(Value(0x31, []), Rdn(CommonName, 0x0C, "w.example")),
    };

    private static readonly Dictionary<string, (OddCertificate Certificate, CertificateFlaws Flaw)> Suspicious = new()
    {
        ["CN that is an octet string"] = (new() { Subject = Name(Rdn(CommonName, Value(0x04, "x"))), Extensions = [SanOfW] }, CertificateFlaws.UnknownString),
        ["CN that is a sequence"] = (new() { Subject = Name(Rdn(CommonName, Sequence())), Extensions = [SanOfW] }, CertificateFlaws.UnknownString),
        ["CN with a context tag"] = (new() { Subject = Name(Rdn(CommonName, Value(0x8C, "x"))), Extensions = [SanOfW] }, CertificateFlaws.UnknownString),
        ["BMP CN of odd length"] = (WithSubject(Rdn(CommonName, Value(0x1E, [.. Encoding.BigEndianUnicode.GetBytes("w.example"), 0]))), CertificateFlaws.UnknownString),
        ["bytes after the SAN"] = (new() { Extensions = [Extension(San, [.. Sequence(Dns("w.example")), 0, 1])] }, CertificateFlaws.DataAfterSan),
        ["a value after the SAN's octet string"] = (new() { Extensions = [Sequence(Value(0x06, San), Value(0x04, Sequence(Dns("w.example"))), Value(0x05, []))] }, CertificateFlaws.DataAfterSan),
        ["bytes after the TBS's extensions"] = (new() { Extensions = [SanOfW], BehindExtensions = [0x05, 0x00] }, CertificateFlaws.UnknownTbsElement),
        ["one byte after the TBS's extensions"] = (new() { Extensions = [SanOfW], BehindExtensions = [0x05] }, CertificateFlaws.UnknownTbsElement),
        ["bytes within [3] after the extensions"] = (new() { Wrapper = Value(0xA3, Concat(Sequence(SanOfW), [0x05, 0x00])) }, CertificateFlaws.UnknownTbsElement),
        ["a second list of extensions"] = (new() { Extensions = [SanOfW], BehindExtensions = Value(0xA3, Sequence(Extension(San, Sequence(Dns("hidden.example"))))) }, CertificateFlaws.UnknownTbsElement),
        ["a second value in an attribute"] = (WithSubject(Value(0x31, Sequence(Value(0x06, CommonName), Value(0x0C, "w.example"), Value(0x0C, "hidden.example")))), CertificateFlaws.UnknownSubjectElement),
        ["an attribute without a value"] = (new() { Subject = Name(Value(0x31, Sequence(Value(0x06, CommonName)))), Extensions = [SanOfW] }, CertificateFlaws.UnknownSubjectElement),
        ["an attribute that is a string"] = (new() { Subject = Name(Value(0x31, Value(0x0C, "hidden.example"))), Extensions = [SanOfW] }, CertificateFlaws.UnknownSubjectElement),
        ["an RDN that is a sequence"] = (WithSubject(Sequence(Sequence(Value(0x06, CommonName), Value(0x0C, "w.example")))), CertificateFlaws.UnknownSubjectElement),
        ["bytes after the last RDN"] = (new() { Subject = Name(Rdn(CommonName, 0x0C, "w.example"), [0x31]) }, CertificateFlaws.SubjectUnreadable),
        ["a name of kind 9"] = (WithSan(Value(0x89, "hidden.example"), Dns("w.example")), CertificateFlaws.UnknownSanElement),
        ["a name of kind 4711"] = (WithSan([0x9F, 0xA4, 0x67, 1, 0x41], Dns("w.example")), CertificateFlaws.UnknownSanElement),
        ["an extension that is a set"] = (new() { Extensions = [Value(0x31, Value(0x06, KeyUsage)), SanOfW] }, CertificateFlaws.ExtensionUnreadable),
        ["an extension without an identifier"] = (new() { Extensions = [Sequence(Value(0x04, [1])), SanOfW] }, CertificateFlaws.ExtensionUnreadable),
        ["a SAN in several pieces"] = (new() { Extensions = [Sequence(Value(0x06, San), Value(0x24, Concat(Value(0x04, Sequence(Dns("w.example"))), Value(0x04, [1]))))] }, CertificateFlaws.SanUnreadable),
        ["a SAN that is a set"] = (new() { Extensions = [Extension(San, Value(0x31, Dns("w.example")))] }, CertificateFlaws.SanUnreadable),
        ["a SAN without value"] = (new() { Extensions = [Sequence(Value(0x06, San)), SanOfW] }, CertificateFlaws.SanUnreadable),
        ["an empty SAN value"] = (new() { Extensions = [Extension(San, []), SanOfW] }, CertificateFlaws.SanUnreadable),
        ["a SAN longer than its octet string"] = (new() { Extensions = [Extension(San, [0x30, 0x20, .. Dns("w.example")])] }, CertificateFlaws.SanUnreadable),
        ["a name longer than the SAN"] = (WithSan(Dns("w.example"), [0x82, 0x20, 0x78]), CertificateFlaws.SanUnreadable),
        ["a primitive name of indefinite length"] = (WithSan(Dns("w.example"), [0x82, 0x80, 0x78, 0, 0]), CertificateFlaws.SanUnreadable),
        ["a subject that is a set"] = (new() { Subject = Value(0x31, Rdn(CommonName, 0x0C, "w.example")) }, CertificateFlaws.TbsUnreadable),
        ["an RDN longer than the subject"] = (new() { Subject = Sequence([0x31, 0x20, .. Sequence(Value(0x06, CommonName), Value(0x0C, "w.example"))]) }, CertificateFlaws.SubjectUnreadable),
        ["a key that is an octet string"] = (new() { Spki = Value(0x04, "key"), Extensions = [SanOfW] }, CertificateFlaws.TbsUnreadable),
    };

    /// <summary>The certificates of all rows.</summary>
    internal static IEnumerable<OddCertificate> All => [.. Harmless.Values, .. Suspicious.Values.Select(row => row.Certificate)];

    public static TheoryData<string> HarmlessRows => [.. Harmless.Keys];

    public static TheoryData<string> SuspiciousRows => [.. Suspicious.Keys];

    [Theory, MemberData(nameof(HarmlessRows))]
    public void A_slip_that_hides_nothing_is_read_over(string row)
    {
        OddCertificate odd = Harmless[row];
        if (odd.Extensions.Length == 0 && odd.Subject.Length == 2) odd = odd with { Extensions = [SanOfW] };

        NamesRead read = NamesRead.From(odd.Der);

        Assert.True(read.IsRead);
        Assert.Contains("w.example", read.All);
        Assert.Equal(None, read.Flaws & CertificateFlaws.MayHideName);
        Assert.Equal(read.All, NamesRead.FromTbs(odd.Tbs).All);
    }

    [Theory, MemberData(nameof(SuspiciousRows))]
    public void What_may_hide_a_name_is_reported_and_the_rest_is_read(string row)
    {
        (OddCertificate odd, CertificateFlaws flaw) = Suspicious[row];

        NamesRead read = NamesRead.From(odd.Der);

        Assert.True(read.IsRead);
        Assert.Contains("w.example", read.All);
        Assert.True((read.Flaws & flaw) == flaw, $"{read.Flaws} lacks {flaw}");
        Assert.NotEqual(None, flaw & CertificateFlaws.MayHideName);
        CertificateView.TryRead(odd.Der, out CertificateView view);
        CertificateProblem problem = Assert.Single(view.Problems(), p => p.Flaw == flaw);
        Assert.InRange(problem.Offset, 1, odd.Der.Length);
    }

    [Fact]
    public void Bytes_after_a_bare_TBS_may_hide_a_name()
    {
        OddCertificate odd = new() { Extensions = [SanOfW] };

        NamesRead read = NamesRead.FromTbs([.. odd.Tbs, 0]);

        Assert.Equal(["w.example"], read.DnsNames);
        Assert.Equal(CertificateFlaws.UnknownTbsElement, read.Flaws);
    }

    [Fact]
    public void Every_CN_and_every_SAN_is_read_in_the_order_of_its_bytes()
    {
        OddCertificate odd = new()
        {
            Subject = Name(Rdn(CommonName, 0x0C, "one"), Rdn([0x55, 0x04, 0x0A], 0x0C, "Organisation"), Rdn(CommonName, 0x13, "two")),
            Extensions = [Extension(San, Sequence(Dns("a"), Value(0x87, [192, 0, 2, 1]), Dns("b"))), Extension(KeyUsage, [3, 2, 5, 0xA0]),
                Extension(San, Sequence(Dns("c"), Value(0x87, [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])))],
        };

        NamesRead read = NamesRead.From(odd.Der);

        Assert.Equal(["one", "two"], read.CommonNames);
        Assert.Equal(["a", "b", "c"], read.DnsNames);
        Assert.Equal(["192.0.2.1", "2001:db8::1"], read.IpAddresses);
        Assert.Equal(CertificateFlaws.RepeatedExtension, read.Flaws);
    }

    [Fact]
    public void Eight_bit_characters_arrive_as_found()
    {
        byte[] latin1 = [0x62, 0xFC, 0x63, 0x68];
        byte[] der = new OddCertificate { Subject = Name(Rdn(CommonName, Value(0x14, latin1))), Extensions = [Extension(San, Sequence(Value(0x82, latin1)))] }.Der;
        CertificateView.TryRead(der, out CertificateView view);

        var values = new List<byte[]>();
        foreach (RawName name in view.Names) values.Add(name.Value.ToArray());

        Assert.Equal([latin1, latin1], values);
        Assert.Contains(view.Problems(), p => p.Flaw == CertificateFlaws.EightBitString);
    }

    [Fact]
    public void Wide_characters_arrive_in_UTF8()
    {
        string text = "bücher\u20AC\U0001F4A9.example";
        byte[] der = WithSubject(Rdn(CommonName, Value(0x1E, Encoding.BigEndianUnicode.GetBytes(text))),
            Rdn(CommonName, Value(0x1C, new UTF32Encoding(true, false).GetBytes(text)))).Der;

        NamesRead read = NamesRead.From(der);

        Assert.Equal([text, text], read.CommonNames);
        Assert.Equal(None, read.Flaws);
    }

    [Fact]
    public void Problems_say_where_they_are()
    {
        byte[] der = new OddCertificate { Serial = Value(0x02, Array.Empty<byte>()), Extensions = [SanOfW], BehindCertificate = [0xFF] }.Der;
        CertificateView.TryRead(der, out CertificateView view);

        CertificateProblem[] problems = [.. view.Problems()];

        Assert.Equal([CertificateFlaws.OddSerial, CertificateFlaws.DataAfterCertificate], problems.Select(p => p.Flaw));
        Assert.Equal([0x02, 0x00], der[problems[0].Offset..][..2]);
        Assert.Equal(der.Length - 1, problems[1].Offset);
        Assert.StartsWith($"at byte {der.Length - 1}: ", problems[1].ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_certificate_cut_anywhere_shows_the_names_before_the_cut_and_is_reported()
    {
        OddCertificate odd = new() { Subject = Name(Rdn(CommonName, 0x0C, "first.example")), Extensions = [Extension(San, Sequence(Dns("second.example"), Dns("third.example")))] };
        byte[] der = odd.Der;
        int tbsEnd = der.AsSpan().IndexOf(odd.Tbs) + odd.Tbs.Length;

        for (int length = 0; length < der.Length; length++)
        {
            NamesRead read = NamesRead.From(der[..length]);
            bool[] ends = [length >= EndOf(der, "first.example"), length >= EndOf(der, "second.example"), length >= EndOf(der, "third.example")];

            Assert.Equal(ends.Count(e => e), read.All.Count());
            Assert.Equal(length < tbsEnd, (read.Flaws & CertificateFlaws.MayHideName) != None);
            Assert.NotEqual(None, read.Flaws);
        }

        static int EndOf(byte[] der, string name) => der.AsSpan().IndexOf(Encoding.ASCII.GetBytes(name)) + name.Length;
    }

    [Theory]
    [InlineData("")]
    [InlineData("3000")]
    [InlineData("30023000")]
    [InlineData("3080")]
    [InlineData("30803080")]
    [InlineData("040100")]
    [InlineData("A003020102")]
    [InlineData("30")]
    [InlineData("1F")]
    [InlineData("3F8181818181818100")]
    [InlineData("30FF")]
    [InlineData("3084FFFFFFFF")]
    public void What_is_no_certificate_has_no_names_and_is_unreadable(string hex)
    {
        byte[] der = Convert.FromHexString(hex);

        NamesRead read = NamesRead.From(der);
        CertificateView.TryRead(der, out CertificateView view);

        Assert.Empty(read.All);
        Assert.NotEqual(None, read.Flaws & CertificateFlaws.TbsUnreadable);
        Assert.NotEmpty(view.Problems());
        Assert.Equal("", DistinguishedName.Format(view.Issuer));
        Assert.Null(view.NotBefore);
        Assert.Null(view.NotAfter);
        Assert.True(view.Spki.IsEmpty && view.Serial.IsEmpty && view.Signature.IsEmpty);
        Assert.False(view.IsPrecertificate || view.IsCa || view.IsPrecertificateSigner);
    }

    [Fact]
    public void Ten_thousand_names_in_a_certificate_of_megabytes_are_read()
    {
        byte[][] names = [.. Enumerable.Range(0, 10_000).Select(i => Dns($"host-{i}.{new string('x', 200)}.example"))];

        NamesRead read = NamesRead.From(WithSan(names).Der);

        Assert.Equal(10_000, read.DnsNames.Count);
        Assert.Equal(None, read.Flaws);
    }

    [Fact]
    public void Values_nested_without_end_are_given_up()
    {
        byte[] deep = [.. Enumerable.Repeat<byte[]>([0x30, 0x80], 1_000_000).SelectMany(b => b)];

        Assert.Equal(CertificateFlaws.TbsUnreadable, NamesRead.From(deep).Flaws & CertificateFlaws.Unreadable);
        Assert.Equal(CertificateFlaws.SanUnreadable, NamesRead.From(WithSan(deep).Der).Flaws & CertificateFlaws.Unreadable);
    }

    [Fact]
    public void At_most_a_hundred_problems_are_listed()
    {
        byte[][] odd = [.. Enumerable.Repeat(Value(0x89, "?"), 5_000)];
        CertificateView.TryRead(WithSan(odd).Der, out CertificateView view);

        Assert.Equal(100, view.Problems().Count);
    }

    [Fact]
    public void Precertificates_and_CAs_are_told_by_their_extensions()
    {
        CertificateView.TryRead(new OddCertificate { Extensions = [Extension(Poison, [5, 0])] }.Der, out CertificateView poisoned);
        CertificateView.TryRead(new OddCertificate { Extensions = [Extension(Poison, Value(0x04, [9]))] }.Der, out CertificateView badlyPoisoned);
        CertificateView.TryRead(new OddCertificate { Extensions = [Extension(BasicConstraints, Sequence(Value(0x01, [0xFF])))] }.Der, out CertificateView ca);
        CertificateView.TryRead(new OddCertificate { Extensions = [Extension(BasicConstraints, Sequence())] }.Der, out CertificateView leaf);

        Assert.True(poisoned.IsPrecertificate && badlyPoisoned.IsPrecertificate);
        Assert.False(poisoned.IsCa);
        Assert.Empty(poisoned.Problems());
        Assert.Equal(CertificateFlaws.OddPoison, Assert.Single(badlyPoisoned.Problems()).Flaw);
        Assert.True(ca.IsCa);
        Assert.False(leaf.IsCa || leaf.IsPrecertificate);
    }
}
