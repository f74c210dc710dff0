using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Transparency.Entries;

/// <summary>What an entry logs. RFC 6962 §3.1, LogEntryType.</summary>
public enum EntryType
{
    /// <summary>A certificate.</summary>
    X509,

    /// <summary>A precertificate: the leaf holds its TBSCertificate without the poison extension.</summary>
    Precert,
}

/// <summary>Why a leaf could not be read. The entry is hashed, counted and shown all the same.</summary>
public enum EntryFailure
{
    /// <summary>It could.</summary>
    None,

    /// <summary>The leaf's version is not 0.</summary>
    Version,

    /// <summary>The leaf's type is not timestamped_entry.</summary>
    LeafType,

    /// <summary>The entry is neither certificate nor precertificate.</summary>
    EntryType,

    /// <summary>A length points beyond the end.</summary>
    LeafFrame,

    /// <summary>Bytes follow the leaf.</summary>
    TrailingBytes,
}

/// <summary>What is wrong beside a leaf that can be read. The tree does not cover it: the leaf counts all the same.</summary>
public enum ExtraFailure
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>The precertificate is cut.</summary>
    PreCertificate,

    /// <summary>The list of certificates or fingerprints is cut or uneven.</summary>
    Chain,

    /// <summary>Bytes follow.</summary>
    TrailingBytes,
}

/// <summary>One entry, taken apart: spans into its batch. <c>default</c> is an empty certificate. RFC 6962 §3.4, §4.6.</summary>
public readonly ref struct LogEntry
{
    /// <summary>Milliseconds since 1970-01-01 UTC, by the log's clock. Neither unique nor ascending.</summary>
    public ulong Timestamp { get; private init; }

    /// <summary>Certificate or precertificate.</summary>
    public EntryType Type { get; private init; }

    /// <summary>DER of the certificate; empty for a precertificate.</summary>
    public ReadOnlySpan<byte> Certificate { get; private init; }

    /// <summary>SHA-256 of the SubjectPublicKeyInfo of the final certificate's issuer; empty for a certificate.</summary>
    public ReadOnlySpan<byte> IssuerKeyHash { get; private init; }

    /// <summary>DER of the TBSCertificate that the log signed; empty for a certificate.</summary>
    public ReadOnlySpan<byte> Tbs { get; private init; }

    /// <summary>The SCT extensions, without their length.</summary>
    public ReadOnlySpan<byte> Extensions { get; private init; }

    /// <summary>DER of the precertificate as submitted, not covered by the tree; empty for a certificate, or if unreadable.</summary>
    public ReadOnlySpan<byte> PreCertificate { get; private init; }

    /// <summary>The issuers' certificates, the next one first; none in static-ct, or if unreadable.</summary>
    public CertificateChain Chain { get; private init; }

    /// <summary>SHA-256 of the issuers' certificates, the next one first; none in RFC 6962, or if unreadable.</summary>
    public ReadOnlySpan<MerkleHash> Fingerprints { get; private init; }

    /// <summary>What is wrong with precertificate, chain or fingerprints.</summary>
    public ExtraFailure ExtraFailure { get; private init; }

    /// <summary>
    /// The entry's index as static-ct logs write it into the leaf; null if there is none, more than one, or the extensions
    /// cannot be read. C2SP static-ct-api, "SCT Extension".
    /// </summary>
    public ulong? LeafIndex
    {
        get
        {
            ulong? index = null;
            var reader = new Frame(Extensions);
            while (!reader.IsEmpty)
            {
                if (!reader.TryTake(1, out ReadOnlySpan<byte> type) || !reader.TryTakeVector(2, out ReadOnlySpan<byte> data)) return null;
                if (type[0] != 0) continue;
                if (index is not null || data.Length != 5) return null;
                index = (ulong)data[0] << 32 | BinaryPrimitives.ReadUInt32BigEndian(data[1..]);
            }
            return index;
        }
    }

    /// <summary>Takes an entry apart. Never throws; what stands beside the leaf cannot make it fail.</summary>
    /// <param name="entry"><c>default</c> unless the result is <see cref="EntryFailure.None"/>.</param>
    public static EntryFailure Read(RawEntry raw, out LogEntry entry)
    {
        entry = default;
        var leaf = new Frame(raw.LeafInput);
        if (!leaf.TryTake(12, out ReadOnlySpan<byte> head)) return EntryFailure.LeafFrame;
        if (head[0] != 0) return EntryFailure.Version;
        if (head[1] != 0) return EntryFailure.LeafType;
        ushort type = BinaryPrimitives.ReadUInt16BigEndian(head[10..]);
        if (type > (ushort)EntryType.Precert) return EntryFailure.EntryType;

        bool precert = type == (ushort)EntryType.Precert;
        ReadOnlySpan<byte> issuerKeyHash = default;
        if (precert && !leaf.TryTake(MerkleHash.Length, out issuerKeyHash)) return EntryFailure.LeafFrame;
        if (!leaf.TryTakeVector(3, out ReadOnlySpan<byte> signed)) return EntryFailure.LeafFrame;
        if (!leaf.TryTakeVector(2, out ReadOnlySpan<byte> extensions)) return EntryFailure.LeafFrame;
        if (!leaf.IsEmpty) return EntryFailure.TrailingBytes;

        ExtraFailure extra = ReadExtra(
            raw, precert, out ReadOnlySpan<byte> preCertificate, out CertificateChain chain, out ReadOnlySpan<MerkleHash> fingerprints);
        entry = new LogEntry
        {
            Timestamp = BinaryPrimitives.ReadUInt64BigEndian(head[2..]),
            Type = (EntryType)type,
            Certificate = precert ? default : signed,
            IssuerKeyHash = issuerKeyHash,
            Tbs = precert ? signed : default,
            Extensions = extensions,
            PreCertificate = preCertificate,
            Chain = chain,
            Fingerprints = fingerprints,
            ExtraFailure = extra,
        };
        return EntryFailure.None;
    }

    private static ExtraFailure ReadExtra(
        RawEntry raw, bool precert,
        out ReadOnlySpan<byte> preCertificate, out CertificateChain chain, out ReadOnlySpan<MerkleHash> fingerprints)
    {
        preCertificate = default;
        chain = default;
        fingerprints = default;
        var extra = new Frame(raw.ExtraData);
        if (precert && !extra.TryTakeVector(3, out preCertificate)) return ExtraFailure.PreCertificate;

        bool tiled = raw.Form == ExtraDataForm.StaticCt;
        if (!extra.TryTakeVector(tiled ? 2 : 3, out ReadOnlySpan<byte> list)) return ExtraFailure.Chain;
        if (tiled)
        {
            if (list.Length % MerkleHash.Length != 0) return ExtraFailure.Chain;
            fingerprints = MemoryMarshal.Cast<byte, MerkleHash>(list);
        }
        else
        {
            var certificates = new Frame(list);
            while (!certificates.IsEmpty)
                if (!certificates.TryTakeVector(3, out _)) return ExtraFailure.Chain;
            chain = new CertificateChain(list);
        }
        return extra.IsEmpty ? ExtraFailure.None : ExtraFailure.TrailingBytes;
    }
}

/// <summary>Certificates of a chain, as DER; <c>default</c> is empty. Use it in <c>foreach</c>: it is its own enumerator.</summary>
[SuppressMessage("Performance", "CA1815", Justification = "A ref struct of spans has no equality to offer.")]
public ref struct CertificateChain
{
    private Frame _rest;

    internal CertificateChain(ReadOnlySpan<byte> list) => _rest = new Frame(list);

    /// <summary>Whether no certificate is left.</summary>
    public readonly bool IsEmpty => _rest.IsEmpty;

    /// <summary>DER of the certificate reached.</summary>
    public ReadOnlySpan<byte> Current { get; private set; }

    /// <summary>A copy at this place.</summary>
    public readonly CertificateChain GetEnumerator() => this;

    /// <summary>Goes to the next certificate; false after the last.</summary>
    public bool MoveNext()
    {
        bool there = _rest.TryTakeVector(3, out ReadOnlySpan<byte> certificate);
        Current = certificate;
        return there;
    }
}

/// <summary>Walks TLS presentation language. A Try that returns false has not moved the reader. RFC 5246 §4.</summary>
internal ref struct Frame(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> _rest = bytes;

    public readonly bool IsEmpty => _rest.IsEmpty;

    public bool TryTake(int length, out ReadOnlySpan<byte> taken)
    {
        taken = default;
        if (_rest.Length < length) return false;
        taken = _rest[..length];
        _rest = _rest[length..];
        return true;
    }

    /// <summary>A vector with a length of two or three bytes before it.</summary>
    public bool TryTakeVector(int prefix, out ReadOnlySpan<byte> content)
    {
        content = default;
        if (_rest.Length < prefix) return false;
        int length = _rest[0] << 8 | _rest[1];
        if (prefix == 3) length = length << 8 | _rest[2];
        if (_rest.Length - prefix < length) return false;
        content = _rest.Slice(prefix, length);
        _rest = _rest[(prefix + length)..];
        return true;
    }
}
