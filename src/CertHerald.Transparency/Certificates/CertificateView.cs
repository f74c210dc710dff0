namespace CertHerald.Transparency.Certificates;

/// <summary>
/// A certificate or TBSCertificate as spans of its bytes: nothing is copied, decoded or allocated before it is asked for.
/// Reads all that OpenSSL reads, alike, and goes on where strict parsers give up, noting <see cref="Flaws"/>. Every offset
/// counts from the start of what was read. RFC 5280 §4.1.
/// </summary>
public readonly ref struct CertificateView
{
    private readonly ReadOnlySpan<byte> _der;
    private readonly bool _isBare, _hasTbs;
    private readonly Part _tbs, _serial, _issuer, _validity, _subject, _spki, _extensions, _algorithm, _signature;

    private CertificateView(ReadOnlySpan<byte> der, bool isBare, List<CertificateProblem>? problems)
    {
        _der = der;
        _isBare = isBare;
        var notes = new FlawNotes(problems);

        var outer = new DerReader(der);
        DerReader body = outer;
        if (!isBare)
        {
            // A certificate cut short is not yet a cut TBS: that shows below.
            if (outer.NextTag == DerTag.ConstructedSequence && notes.ReadFrame(ref outer, CertificateFlaws.None, out DerValue whole))
                body = whole.Contents;
            if (!outer.IsAtEnd) notes.Add(CertificateFlaws.DataAfterCertificate, outer.Offset);
        }

        if (body.NextTag != DerTag.ConstructedSequence || !notes.ReadFrame(ref body, CertificateFlaws.TbsUnreadable, out DerValue tbs))
        {
            notes.Add(CertificateFlaws.TbsUnreadable, body.Offset);
            Flaws = notes.Flaws;
            return;
        }
        _hasTbs = true;
        _tbs = new Part(tbs);

        if (isBare)
        {
            if (!body.IsAtEnd) notes.Add(CertificateFlaws.UnknownTbsElement, body.Offset);
        }
        else if (body.TryRead(DerTag.ConstructedSequence, out DerValue algorithm) && body.TryRead(out DerValue signature))
        {
            _algorithm = new Part(algorithm);
            _signature = new Part(signature);
            if (!body.IsAtEnd) notes.Add(CertificateFlaws.DataAfterCertificate, body.Offset);
        }
        else
        {
            notes.Add(CertificateFlaws.SignatureUnreadable, body.Offset);
        }

        DerReader fields = tbs.Contents;
        if (fields.NextTag == DerTag.Version) notes.Read(ref fields, out _);

        if (fields.NextTag == DerTag.Integer && notes.Read(ref fields, out DerValue serial))
        {
            _serial = new Part(serial);
            if (serial.Content is [] or [0, < 0x80, ..] or [0xFF, >= 0x80, ..]) notes.Add(CertificateFlaws.OddSerial, serial.Offset);
        }
        else
        {
            notes.Add(CertificateFlaws.OddSerial, fields.Offset);
        }

        if (ReadField(ref fields, ref notes, out _) && ReadField(ref fields, ref notes, out _issuer)
            && ReadField(ref fields, ref notes, out _validity) && ReadField(ref fields, ref notes, out _subject)
            && ReadField(ref fields, ref notes, out _spki))
            _extensions = ReadExtensions(ref fields, ref notes);

        Flaws = notes.Flaws;
    }

    /// <summary>Reads a certificate or precertificate.</summary>
    /// <param name="der">SEQUENCE of TBSCertificate, algorithm and signature.</param>
    /// <param name="view">What could be read. If nothing could, it has no parts and no names, and its <see cref="Problems"/> say why.</param>
    /// <returns>Whether there is a TBSCertificate, be it cut short. <see cref="Flaws"/> tells how well it could be read.</returns>
    public static bool TryRead(ReadOnlySpan<byte> der, out CertificateView view)
    {
        view = new CertificateView(der, isBare: false, null);
        return view._hasTbs;
    }

    /// <summary>Reads a bare TBSCertificate, as precertificate entries carry (RFC 6962 §3.2).</summary>
    /// <param name="tbs">The TBSCertificate's SEQUENCE.</param>
    /// <param name="view">As for <see cref="TryRead"/>.</param>
    /// <returns>As for <see cref="TryRead"/>.</returns>
    public static bool TryReadTbs(ReadOnlySpan<byte> tbs, out CertificateView view)
    {
        view = new CertificateView(tbs, isBare: true, null);
        return view._hasTbs;
    }

    /// <summary>What was read, whole.</summary>
    public ReadOnlySpan<byte> Encoded => _der;

    /// <summary>The TBSCertificate with its header. <see cref="TbsFingerprint"/> takes it.</summary>
    public ReadOnlySpan<byte> Tbs => _tbs.Whole(_der);

    /// <summary>The serial number's bytes as found, big-endian; empty if missing.</summary>
    public ReadOnlySpan<byte> Serial => _serial.Content(_der);

    /// <summary>The issuer's Name with its header. <see cref="DistinguishedName"/> takes it.</summary>
    public ReadOnlySpan<byte> Issuer => _issuer.Whole(_der);

    /// <summary>The subject's Name with its header.</summary>
    public ReadOnlySpan<byte> Subject => _subject.Whole(_der);

    /// <summary>
    /// The SubjectPublicKeyInfo with its header: what key hashes are made of. <see cref="PublicKeyFacts"/> takes it.
    /// </summary>
    public ReadOnlySpan<byte> Spki => _spki.Whole(_der);

    /// <summary>The AlgorithmIdentifier of the signature with its header; empty in a bare TBSCertificate.</summary>
    public ReadOnlySpan<byte> SignatureAlgorithm => _algorithm.Whole(_der);

    /// <summary>The signature's bytes, without the count of unused bits; empty in a bare TBSCertificate.</summary>
    public ReadOnlySpan<byte> Signature => _signature.Content(_der) is [_, .. var bytes] ? bytes : default;

    /// <summary>
    /// The first day of validity, in UTC and whole seconds; null if unreadable. Missing or bad times of day count as zero.
    /// </summary>
    public DateTimeOffset? NotBefore => CertificateTime.Read(_validity.Reader(_der), skip: 0);

    /// <summary>The last moment of validity, likewise.</summary>
    public DateTimeOffset? NotAfter => CertificateTime.Read(_validity.Reader(_der), skip: 1);

    /// <summary>The extensions, in their order.</summary>
    public ExtensionEnumerator Extensions => new(_extensions.Reader(_der));

    /// <summary>
    /// What reading the frame showed. <see cref="NameEnumerator.Flaws"/> has these and those met on the way to the names.
    /// </summary>
    public CertificateFlaws Flaws { get; }

    /// <summary>
    /// Whether it carries the poison, well written or not. False for the TBSCertificate of a log entry: there it is removed.
    /// RFC 6962 §3.2.
    /// </summary>
    public bool IsPrecertificate => TryGetExtension(ExtensionOids.Poison, out _);

    /// <summary>Whether it says that its subject is a CA.</summary>
    public bool IsCa
    {
        get
        {
            foreach (CertificateExtension extension in Extensions)
                if (extension.Oid.SequenceEqual(ExtensionOids.BasicConstraints) && SaysCa(extension.Value))
                    return true;
            return false;

            static bool SaysCa(ReadOnlySpan<byte> value) =>
                new DerReader(value).TryRead(DerTag.ConstructedSequence, out DerValue constraints)
                && constraints.Contents.TryRead(DerTag.Boolean, out ReadOnlySpan<byte> isCa)
                && isCa.ContainsAnyExcept((byte)0);
        }
    }

    /// <summary>Whether its key signs precertificates in the name of its issuer. RFC 6962 §3.1.</summary>
    public bool IsPrecertificateSigner
    {
        get
        {
            if (!TryGetExtension(ExtensionOids.ExtendedKeyUsage, out ReadOnlySpan<byte> value)
                || !new DerReader(value).TryRead(DerTag.ConstructedSequence, out DerValue usages)) return false;

            DerReader purposes = usages.Contents;
            while (purposes.TryRead(out DerValue purpose))
                if (purpose.Content.SequenceEqual(ExtensionOids.PrecertificateSigning))
                    return true;
            return false;
        }
    }

    /// <summary>The embedded SCTs; none if there is no such extension.</summary>
    public SctList Scts => SctList.OfExtension(TryGetExtension(ExtensionOids.SctList, out ReadOnlySpan<byte> value) ? value : default);

    /// <summary>
    /// Every name it may be valid for, in the order of its bytes: each common name in the subject, each dNSName and iPAddress
    /// in each subjectAltName. Allocates nothing.
    /// </summary>
    public NameEnumerator Names => new(_subject.WholeReader(_der), _extensions.Reader(_der), new FlawNotes { Flaws = Flaws });

    /// <summary>Finds the first extension with this identifier.</summary>
    /// <param name="oid">The content of the OBJECT IDENTIFIER.</param>
    /// <param name="value">The content of the extension's OCTET STRING.</param>
    public bool TryGetExtension(ReadOnlySpan<byte> oid, out ReadOnlySpan<byte> value)
    {
        foreach (CertificateExtension extension in Extensions)
        {
            if (!extension.Oid.SequenceEqual(oid)) continue;
            value = extension.Value;
            return true;
        }
        value = default;
        return false;
    }

    /// <summary>
    /// What is wrong and where, for people: the first hundred flaws in the order of their places. Reads everything again.
    /// </summary>
    public IReadOnlyList<CertificateProblem> Problems()
    {
        var problems = new List<CertificateProblem>();
        var frame = new CertificateView(_der, _isBare, problems);
        var notes = new FlawNotes(problems) { Flaws = frame.Flaws };

        if (_validity.End > 0)
        {
            DerReader times = _validity.Reader(_der);
            for (int i = 0; i < 2; i++)
            {
                int offset = times.Offset;
                if (!times.TryRead(out DerValue time) || !CertificateTime.IsProper(time)) notes.Add(CertificateFlaws.OddTime, offset);
            }
        }

        int constraints = 0;
        foreach (CertificateExtension extension in Extensions)
        {
            if (extension.Oid.SequenceEqual(ExtensionOids.BasicConstraints) && constraints++ > 0)
                notes.Add(CertificateFlaws.RepeatedExtension, extension.Offset);
            if (extension.Oid.SequenceEqual(ExtensionOids.Poison) && extension.Value is not [5, 0])
                notes.Add(CertificateFlaws.OddPoison, extension.Offset);
        }

        using var names = new NameEnumerator(_subject.WholeReader(_der), _extensions.Reader(_der), notes);
        while (names.MoveNext()) { }
        return [.. problems.OrderBy(p => p.Offset)];
    }

    private static bool ReadField(scoped ref DerReader fields, scoped ref FlawNotes notes, out Part field)
    {
        byte tag = fields.NextTag;
        int offset = fields.Offset;
        field = default;
        bool read = notes.ReadFrame(ref fields, CertificateFlaws.TbsUnreadable, out DerValue value);
        if (!read || tag != DerTag.ConstructedSequence) notes.Add(CertificateFlaws.TbsUnreadable, offset);
        if (read) field = new Part(value);
        return read;
    }

    private static Part ReadExtensions(scoped ref DerReader fields, scoped ref FlawNotes notes)
    {
        Part extensions = default;
        bool found = false;
        while (!fields.IsAtEnd)
        {
            int offset = fields.Offset;
            if (!notes.ReadFrame(ref fields, CertificateFlaws.TbsUnreadable, out DerValue field))
            {
                notes.Add(CertificateFlaws.UnknownTbsElement, offset);
                break;
            }
            // [1] and [2] are unique identifiers, long out of use. RFC 5280 §4.1.2.8.
            if ((field.Tag & 0xC0) == 0x80 && field.TagNumber is 1 or 2) continue;

            DerReader wrapper = field.Contents;
            if (found || field.Tag != 0xA3 || wrapper.NextTag != DerTag.ConstructedSequence
                || !notes.ReadFrame(ref wrapper, CertificateFlaws.TbsUnreadable, out DerValue list))
            {
                notes.Add(CertificateFlaws.UnknownTbsElement, offset);
                continue;
            }
            found = true;
            extensions = new Part(list);
            if (!wrapper.IsAtEnd) notes.Add(CertificateFlaws.UnknownTbsElement, wrapper.Offset);
        }
        return extensions;
    }

    /// <summary>Where a value stands.</summary>
    private readonly struct Part(DerValue value)
    {
        private readonly int _offset = value.Offset, _content = value.ContentOffset, _contentEnd = value.ContentEnd;

        public readonly int End = value.End;

        public ReadOnlySpan<byte> Whole(ReadOnlySpan<byte> der) => der[_offset..End];

        public ReadOnlySpan<byte> Content(ReadOnlySpan<byte> der) => der[_content.._contentEnd];

        public DerReader Reader(ReadOnlySpan<byte> der) => new(der, _content, _contentEnd);

        public DerReader WholeReader(ReadOnlySpan<byte> der) => new(der, _offset, End);
    }
}
