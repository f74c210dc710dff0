namespace CertHerald.Transparency.Certificates;

/// <summary>One extension of a certificate. RFC 5280 §4.1.2.9.</summary>
public readonly ref struct CertificateExtension
{
    internal CertificateExtension(DerValue encoded, DerValue oid, bool isCritical, DerValue value)
    {
        EncodedValue = encoded;
        Oid = oid.Content;
        IsCritical = isCritical;
        OctetString = value;
    }

    /// <summary>
    /// Its identifier: the content of the OBJECT IDENTIFIER. <see cref="ExtensionOids"/> has those that matter here.
    /// </summary>
    public ReadOnlySpan<byte> Oid { get; }

    /// <summary>Whether <c>critical</c> is there and not zero.</summary>
    public bool IsCritical { get; }

    /// <summary>The content of its OCTET STRING; of the first piece, if that is constructed. Empty if there is none.</summary>
    public ReadOnlySpan<byte> Value => OctetString.Content;

    /// <summary>All of it, from the SEQUENCE's header on.</summary>
    public ReadOnlySpan<byte> Encoded => EncodedValue.Encoded;

    /// <summary>Where it starts, in bytes from the start of what was read.</summary>
    public int Offset => EncodedValue.Offset;

    internal DerValue EncodedValue { get; }

    internal DerValue OctetString { get; }

    /// <summary>Whether there is an OCTET STRING at all. Where a subjectAltName lacks it, parsing has noted that.</summary>
    internal bool HasValue => OctetString.End > 0;

    /// <summary>
    /// Takes a SEQUENCE apart. What is wrong with a subjectAltName counts as <see cref="CertificateFlaws.SanUnreadable"/>.
    /// </summary>
    internal static bool TryParse(DerValue sequence, bool isCut, scoped ref FlawNotes notes, out CertificateExtension extension)
    {
        extension = default;
        DerReader parts = sequence.Contents;
        if (sequence.TagNumber != DerTag.Sequence || parts.NextTag != DerTag.ObjectIdentifier
            || !notes.Read(ref parts, out DerValue oid))
        {
            notes.Add(CertificateFlaws.ExtensionUnreadable, sequence.Offset);
            return false;
        }
        bool isSan = oid.Content.SequenceEqual(ExtensionOids.SubjectAltName);
        CertificateFlaws ifCut = isSan ? CertificateFlaws.SanUnreadable : CertificateFlaws.None;
        if (isCut) notes.Add(isSan ? ifCut : CertificateFlaws.ExtensionUnreadable, sequence.Offset);

        bool isCritical = false;
        if (parts.NextTag == DerTag.Boolean && notes.Read(ref parts, out DerValue critical))
        {
            isCritical = critical.Content.ContainsAnyExcept((byte)0);
            if (critical.Content is not ([0] or [0xFF])) notes.Add(CertificateFlaws.OddCritical, critical.Offset);
        }

        if ((parts.NextTag & ~DerTag.Constructed) != DerTag.OctetString || !notes.ReadFrame(ref parts, ifCut, out DerValue value))
        {
            if (isSan) notes.Add(CertificateFlaws.SanUnreadable, parts.Offset);
            extension = new CertificateExtension(sequence, oid, isCritical, default);
            return true;
        }
        if (isSan && !parts.IsAtEnd) notes.Add(CertificateFlaws.DataAfterSan, parts.Offset);

        // An octet string in several pieces would need a copy. Nobody has been seen to write one: the first piece is read,
        // and the rest missed aloud.
        if (value.IsConstructed)
        {
            DerReader pieces = value.Contents;
            bool isWhole = notes.ReadFrame(ref pieces, ifCut, out value) && pieces.IsAtEnd && value.Tag == DerTag.OctetString;
            if (isSan && !isWhole) notes.Add(CertificateFlaws.SanUnreadable, sequence.Offset);
        }
        extension = new CertificateExtension(sequence, oid, isCritical, value);
        return true;
    }
}

/// <summary>
/// Walks the extensions of a certificate in their order, for <c>foreach</c>. Passes over what is not an extension.
/// </summary>
public ref struct ExtensionEnumerator
{
    private DerReader _extensions;

    internal ExtensionEnumerator(DerReader extensions) => _extensions = extensions;

    /// <summary>The extension at hand.</summary>
    public CertificateExtension Current { get; private set; }

    /// <summary>Goes to the next extension; false behind the last.</summary>
    public bool MoveNext()
    {
        var notes = new FlawNotes();
        while (_extensions.TryReadFrame(out DerValue sequence, out bool isCut))
        {
            if (!CertificateExtension.TryParse(sequence, isCut, ref notes, out CertificateExtension extension)) continue;
            Current = extension;
            return true;
        }
        return false;
    }

    /// <summary>Itself, so that <c>foreach</c> takes it.</summary>
    public readonly ExtensionEnumerator GetEnumerator() => this;
}
