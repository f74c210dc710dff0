namespace CertHerald.Transparency.Certificates;

/// <summary>
/// A certificate revocation list as spans of its bytes: entries are walked, never collected, so its size costs no memory beyond
/// itself. Says what is written; who signed it is asked with <see cref="IsSignedBy"/>. RFC 5280 §5.1.
/// </summary>
public readonly ref struct RevocationListView
{
    private readonly DerReader _entries, _extensions;

    private RevocationListView(DerValue tbs, DerValue algorithm, DerValue signature, DerValue issuer, DateTimeOffset? thisUpdate, DateTimeOffset? nextUpdate, DerReader entries, DerReader extensions)
    {
        Tbs = tbs.Encoded;
        SignatureAlgorithm = algorithm.Encoded;
        Signature = signature.Content is [_, .. var bytes] ? bytes : default;
        Issuer = issuer.Encoded;
        ThisUpdate = thisUpdate;
        NextUpdate = nextUpdate;
        _entries = entries;
        _extensions = extensions;
    }

    /// <summary>What is signed.</summary>
    public ReadOnlySpan<byte> Tbs { get; }

    /// <summary>The issuer's Name with its header. <see cref="DistinguishedName"/> takes it.</summary>
    public ReadOnlySpan<byte> Issuer { get; }

    /// <summary>The AlgorithmIdentifier of the signature with its header.</summary>
    public ReadOnlySpan<byte> SignatureAlgorithm { get; }

    /// <summary>The signature's bytes, without the count of unused bits.</summary>
    public ReadOnlySpan<byte> Signature { get; }

    /// <summary>When it was made; null if unreadable.</summary>
    public DateTimeOffset? ThisUpdate { get; }

    /// <summary>By when there will be a newer one; null if that is missing or unreadable.</summary>
    public DateTimeOffset? NextUpdate { get; }

    /// <summary>Its extensions, in their order.</summary>
    public ExtensionEnumerator Extensions => new(_extensions);

    /// <summary>What it revokes, in its order.</summary>
    public RevokedEntries Entries => new(_entries);

    /// <summary>Reads the frame of a list. Its entries are not looked at yet.</summary>
    /// <param name="der">The list, DER. What follows it is not looked at.</param>
    /// <param name="list">What could be read; worthless if it is not one.</param>
    /// <returns>Whether it is a revocation list, whole.</returns>
    public static bool TryRead(ReadOnlySpan<byte> der, out RevocationListView list)
    {
        list = default;
        var outer = new DerReader(der);
        if (!outer.TryRead(DerTag.ConstructedSequence, out DerValue whole)) return false;
        DerReader body = whole.Contents;
        if (!body.TryRead(DerTag.ConstructedSequence, out DerValue tbs) || !body.TryRead(DerTag.ConstructedSequence, out DerValue algorithm)
            || !body.TryRead(DerTag.BitString, out DerValue signature)) return false;

        DerReader fields = tbs.Contents;
        if (fields.NextTag == DerTag.Integer && !fields.TryRead(out _)) return false;
        if (!fields.TryRead(DerTag.ConstructedSequence, out DerValue inner) || !inner.Encoded.SequenceEqual(algorithm.Encoded)
            || !fields.TryRead(DerTag.ConstructedSequence, out DerValue issuer)) return false;

        DateTimeOffset? thisUpdate = CertificateTime.Read(fields, skip: 0), nextUpdate = null;
        if (!IsTime(fields.NextTag) || !fields.TryRead(out _)) return false;
        if (IsTime(fields.NextTag))
        {
            nextUpdate = CertificateTime.Read(fields, skip: 0);
            if (!fields.TryRead(out _)) return false;
        }
        DerReader entries = default, extensions = default;
        if (fields.NextTag == DerTag.ConstructedSequence)
        {
            if (!fields.TryRead(out DerValue revoked)) return false;
            entries = revoked.Contents;
        }
        if (fields.TryRead(0xA0, out DerValue wrapper))
        {
            DerReader wrapped = wrapper.Contents;
            if (!wrapped.TryRead(DerTag.ConstructedSequence, out DerValue written)) return false;
            extensions = written.Contents;
        }
        if (!fields.IsAtEnd) return false;
        list = new RevocationListView(tbs, algorithm, signature, issuer, thisUpdate, nextUpdate, entries, extensions);
        return true;
    }

    /// <summary>Whether a key signed it. By the algorithms that <see cref="CertificateSignature.Verifies(CertificateView, ReadOnlySpan{byte})"/> knows.</summary>
    /// <param name="spki">The key: a SubjectPublicKeyInfo, DER.</param>
    public bool IsSignedBy(ReadOnlySpan<byte> spki) => CertificateSignature.Verifies(Tbs, SignatureAlgorithm, Signature, spki);

    /// <summary>
    /// Which certificates of its issuer it is about. RFC 5280 §5.2.4, §5.2.5.
    /// </summary>
    public RevocationScope Scope()
    {
        var scope = new RevocationScope();
        foreach (CertificateExtension extension in Extensions)
        {
            if (extension.Oid.SequenceEqual(ExtensionOids.DeltaCrlIndicator)) scope = scope with { IsDelta = true };
            else if (extension.Oid.SequenceEqual(ExtensionOids.IssuingDistributionPoint)) scope = Read(extension.Value, scope);
            else if (extension.IsCritical && !IsKnown(extension.Oid)) scope = scope with { HasUnknownPart = true };
        }
        return scope;

        static bool IsKnown(ReadOnlySpan<byte> oid) =>
            oid.SequenceEqual(ExtensionOids.CrlNumber) || oid.SequenceEqual(ExtensionOids.AuthorityKeyIdentifier) || oid.SequenceEqual(ExtensionOids.FreshestCrl);
    }

    private static RevocationScope Read(ReadOnlySpan<byte> point, RevocationScope scope)
    {
        if (!new DerReader(point).TryRead(DerTag.ConstructedSequence, out DerValue sequence)) return scope with { HasUnknownPart = true };
        DerReader parts = sequence.Contents;
        while (parts.TryRead(out DerValue part))
        {
            bool isSet = part.Content.ContainsAnyExcept((byte)0);
            scope = part.TagNumber switch
            {
                0 => scope with { Uris = CertificateRevocation.UrisOf(part) },
                1 => scope with { IsWithoutAuthorities = isSet },
                2 => scope with { IsOfAuthoritiesOnly = isSet },
                3 => scope with { IsOfSomeReasons = true },
                4 => scope with { IsIndirect = isSet },
                5 => scope with { IsOfAttributesOnly = isSet },
                _ => scope with { HasUnknownPart = true },
            };
        }
        return parts.IsAtEnd ? scope : scope with { HasUnknownPart = true };
    }

    private static bool IsTime(byte tag) => tag is DerTag.UtcTime or DerTag.GeneralizedTime;
}

/// <summary>Which certificates a revocation list is about. RFC 5280 §5.2.5.</summary>
public sealed record RevocationScope
{
    /// <summary>Where it is published, by its own word: it is about certificates that name one of these. Null if it is about all; empty if its name is of a form that is not read.</summary>
    public IReadOnlyList<string>? Uris { get; init; }

    /// <summary>It is about certificates that are no CA's.</summary>
    public bool IsWithoutAuthorities { get; init; }

    /// <summary>It is about certificates of CAs.</summary>
    public bool IsOfAuthoritiesOnly { get; init; }

    /// <summary>It is about attribute certificates, which are no certificates of the web.</summary>
    public bool IsOfAttributesOnly { get; init; }

    /// <summary>Whoever is not on it may be revoked for another reason.</summary>
    public bool IsOfSomeReasons { get; init; }

    /// <summary>It holds certificates of other issuers too.</summary>
    public bool IsIndirect { get; init; }

    /// <summary>It holds only what changed since another. RFC 5280 §5.2.4.</summary>
    public bool IsDelta { get; init; }

    /// <summary>It has a critical part that is not understood, or one that cannot be read: whoever does not understand it must not use it.</summary>
    public bool HasUnknownPart { get; init; }
}

/// <summary>Walks what a list revokes, for <c>foreach</c>. Ends at what cannot be read: see <see cref="IsBroken"/>.</summary>
public ref struct RevokedEntries
{
    private DerReader _entries;

    internal RevokedEntries(DerReader entries) => _entries = entries;

    /// <summary>The entry at hand.</summary>
    public RevokedEntry Current { get; private set; }

    /// <summary>Whether the walk ended at something that is no entry.</summary>
    public bool IsBroken { get; private set; }

    /// <summary>Goes to the next entry; false behind the last.</summary>
    public bool MoveNext()
    {
        if (_entries.IsAtEnd) return false;
        if (_entries.TryRead(DerTag.ConstructedSequence, out DerValue entry) && RevokedEntry.TryRead(entry, out RevokedEntry read))
        {
            Current = read;
            return true;
        }
        IsBroken = true;
        return false;
    }

    /// <summary>Itself, so that <c>foreach</c> takes it.</summary>
    public readonly RevokedEntries GetEnumerator() => this;
}

/// <summary>One revoked certificate. RFC 5280 §5.1.2.6, §5.3.</summary>
public readonly ref struct RevokedEntry
{
    private readonly DerReader _time, _extensions;

    private RevokedEntry(DerValue serial, DerReader time, DerReader extensions)
    {
        Serial = serial.Content;
        _time = time;
        _extensions = extensions;
    }

    /// <summary>The serial number as written. <see cref="CertificateRevocation.Canonical"/> makes spellings equal.</summary>
    public ReadOnlySpan<byte> Serial { get; }

    /// <summary>Since when; null if unreadable.</summary>
    public DateTimeOffset? RevokedAt => CertificateTime.Read(_time, skip: 0);

    /// <summary>Why: a code of RFC 5280 §5.3.1; 0, unspecified, if it does not say.</summary>
    public int Reason
    {
        get
        {
            foreach (CertificateExtension extension in new ExtensionEnumerator(_extensions))
                if (extension.Oid.SequenceEqual(ExtensionOids.CrlReason) && extension.Value is [0x0A, 1, var reason, ..]) return reason;
            return 0;
        }
    }

    /// <summary>Whether it has a critical part that is not understood: then the whole list must not be used. RFC 5280 §5.3.</summary>
    public bool HasUnknownPart
    {
        get
        {
            foreach (CertificateExtension extension in new ExtensionEnumerator(_extensions))
                if (extension.IsCritical && !extension.Oid.SequenceEqual(ExtensionOids.CrlReason) && !extension.Oid.SequenceEqual(ExtensionOids.InvalidityDate)) return true;
            return false;
        }
    }

    internal static bool TryRead(DerValue sequence, out RevokedEntry entry)
    {
        entry = default;
        DerReader parts = sequence.Contents;
        if (!parts.TryRead(DerTag.Integer, out DerValue serial)) return false;
        DerReader time = parts;
        if (!parts.TryRead(out _)) return false;
        DerReader extensions = default;
        if (!parts.IsAtEnd)
        {
            if (!parts.TryRead(DerTag.ConstructedSequence, out DerValue written)) return false;
            extensions = written.Contents;
        }
        entry = new RevokedEntry(serial, time, extensions);
        return parts.IsAtEnd;
    }
}
