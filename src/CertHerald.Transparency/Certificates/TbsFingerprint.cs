using System.Buffers;
using System.Security.Cryptography;

namespace CertHerald.Transparency.Certificates;

/// <summary>
/// What precertificate and certificate have in common: the TBSCertificate without SCT list and poison. Its SHA-256 is the
/// identity of an issuance. RFC 6962 §3.2. The bytes are cut, never encoded anew: what is odd in them stays odd.
/// </summary>
public static class TbsFingerprint
{
    /// <summary>SHA-256 of what <see cref="Splice"/> gives. Allocates nothing.</summary>
    /// <param name="tbs">The TBSCertificate with its header.</param>
    /// <param name="destination">Receives 32 bytes.</param>
    public static void Hash(ReadOnlySpan<byte> tbs, Span<byte> destination)
    {
        var edit = new Edit(tbs, default, default, isReissued: false);
        if (!edit.IsNeeded)
        {
            SHA256.HashData(tbs, destination);
            return;
        }
        byte[] buffer = ArrayPool<byte>.Shared.Rent(edit.Length);
        edit.Write(buffer);
        SHA256.HashData(buffer.AsSpan(0, edit.Length), destination);
        ArrayPool<byte>.Shared.Return(buffer);
    }

    /// <summary>
    /// The TBSCertificate with every SCT-list and poison extension cut out, and the lengths of the three values around them
    /// rewritten in their shortest form. An emptied list stays. Without such extensions, or unreadable: the bytes as found.
    /// </summary>
    /// <param name="tbs">The TBSCertificate with its header.</param>
    public static byte[] Splice(ReadOnlySpan<byte> tbs) => new Edit(tbs, default, default, isReissued: false).ToArray();

    /// <summary>
    /// As <see cref="Splice"/>, for a precertificate that a precertificate signing certificate has signed: with the issuer and
    /// the authority key identifier that the final certificate will have, those of <paramref name="signer"/>. RFC 6962 §3.2.
    /// </summary>
    /// <param name="tbs">The TBSCertificate of the precertificate, with its header.</param>
    /// <param name="signer">The signing certificate; see <see cref="CertificateView.IsPrecertificateSigner"/>.</param>
    public static byte[] SpliceReissued(ReadOnlySpan<byte> tbs, CertificateView signer)
    {
        ReadOnlySpan<byte> authorityKey = default;
        foreach (CertificateExtension extension in signer.Extensions)
        {
            if (!extension.Oid.SequenceEqual(ExtensionOids.AuthorityKeyIdentifier)) continue;
            authorityKey = extension.Encoded;
            break;
        }
        return new Edit(tbs, signer.Issuer, authorityKey, isReissued: true).ToArray();
    }

    /// <summary>The change as planned: which bytes go, which come, and what lengths follow from that.</summary>
    private readonly ref struct Edit
    {
        private readonly ReadOnlySpan<byte> _source, _issuer, _authorityKey;
        private readonly DerValue _tbs, _oldIssuer, _wrapper, _list;
        private readonly int _listLength, _wrapperLength, _tbsLength;
        private readonly bool _isReissued, _appendsKey;

        public Edit(ReadOnlySpan<byte> source, ReadOnlySpan<byte> issuer, ReadOnlySpan<byte> authorityKey, bool isReissued)
        {
            _source = source;
            _issuer = issuer;
            _authorityKey = authorityKey;
            _isReissued = isReissued;
            Length = source.Length;

            var outer = new DerReader(source);
            if (!outer.TryRead(DerTag.ConstructedSequence, out _tbs)) return;
            int listGrowth = 0;
            bool isCut = false;
            if (TryFindExtensions(_tbs, out _wrapper, out _list))
            {
                _appendsKey = isReissued && !authorityKey.IsEmpty;
                DerReader extensions = _list.Contents;
                while (TryReadExtension(ref extensions, out DerValue extension, out Fate fate))
                {
                    if (fate == Fate.Stays) continue;
                    isCut = true;
                    listGrowth -= extension.Encoded.Length;
                    if (fate == Fate.IsReplaced && _appendsKey)
                    {
                        listGrowth += authorityKey.Length;
                        _appendsKey = false;
                    }
                }
                if (_appendsKey) listGrowth += authorityKey.Length;
            }

            int issuerGrowth = 0;
            if (isReissued && TryFindIssuer(_tbs, out DerValue oldIssuer) && (_list.Encoded.IsEmpty || oldIssuer.End <= _wrapper.Offset))
            {
                _oldIssuer = oldIssuer;
                issuerGrowth = issuer.Length - oldIssuer.Encoded.Length;
            }

            IsNeeded = isCut || isReissued;
            if (!IsNeeded) return;
            _listLength = _list.Content.Length + listGrowth;
            _wrapperLength = _wrapper.Content.Length + Growth(_list, _listLength);
            _tbsLength = _tbs.Content.Length + issuerGrowth + Growth(_wrapper, _wrapperLength);
            Length = source.Length + Growth(_tbs, _tbsLength);
        }

        private enum Fate { Stays, Goes, IsReplaced }

        /// <summary>Whether anything changes.</summary>
        public bool IsNeeded { get; }

        /// <summary>Bytes of the outcome.</summary>
        public int Length { get; }

        public byte[] ToArray()
        {
            if (!IsNeeded) return _source.ToArray();
            byte[] outcome = new byte[Length];
            Write(outcome);
            return outcome;
        }

        public void Write(Span<byte> target)
        {
            WriteHeader(ref target, _tbs, _tbsLength);
            int at = _tbs.ContentOffset;
            if (!_oldIssuer.Encoded.IsEmpty)
            {
                Write(ref target, _source[at.._oldIssuer.Offset]);
                Write(ref target, _issuer);
                at = _oldIssuer.End;
            }
            if (!_list.Encoded.IsEmpty)
            {
                Write(ref target, _source[at.._wrapper.Offset]);
                WriteHeader(ref target, _wrapper, _wrapperLength);
                WriteHeader(ref target, _list, _listLength);
                at = WriteExtensions(ref target);
            }
            Write(ref target, _source[at..]);
        }

        /// <returns>Up to where the source is dealt with.</returns>
        private int WriteExtensions(ref Span<byte> target)
        {
            bool owesKey = _isReissued && !_authorityKey.IsEmpty;
            int at = _list.ContentOffset;
            DerReader extensions = _list.Contents;
            while (TryReadExtension(ref extensions, out DerValue extension, out Fate fate))
            {
                if (fate == Fate.Stays) continue;
                Write(ref target, _source[at..extension.Offset]);
                at = extension.End;
                if (fate != Fate.IsReplaced || !owesKey) continue;
                Write(ref target, _authorityKey);
                owesKey = false;
            }
            Write(ref target, _source[at.._list.ContentEnd]);
            if (_appendsKey) Write(ref target, _authorityKey);
            return _list.ContentEnd;
        }

        private bool TryReadExtension(scoped ref DerReader extensions, out DerValue extension, out Fate fate)
        {
            fate = Fate.Stays;
            if (!extensions.TryRead(out extension)) return false;
            if (extension.Contents.TryRead(DerTag.ObjectIdentifier, out ReadOnlySpan<byte> oid))
            {
                if (oid.SequenceEqual(ExtensionOids.SctList) || oid.SequenceEqual(ExtensionOids.Poison)) fate = Fate.Goes;
                else if (_isReissued && oid.SequenceEqual(ExtensionOids.AuthorityKeyIdentifier)) fate = Fate.IsReplaced;
            }
            return true;
        }

        private static bool TryFindExtensions(DerValue tbs, out DerValue wrapper, out DerValue list)
        {
            list = default;
            DerReader fields = tbs.Contents;
            while (fields.TryRead(out wrapper))
                if (wrapper.Tag == 0xA3 && wrapper.Contents.TryRead(DerTag.ConstructedSequence, out list))
                    return true;
            wrapper = default;
            return false;
        }

        private static bool TryFindIssuer(DerValue tbs, out DerValue issuer)
        {
            issuer = default;
            DerReader fields = tbs.Contents;
            fields.TryRead(DerTag.Version, out DerValue _);
            return fields.TryRead(DerTag.Integer, out DerValue _) && fields.TryRead(out _) && fields.TryRead(out issuer);
        }

        /// <summary>
        /// By how many bytes a value grows when its content gets this length. An indefinite length stays indefinite.
        /// </summary>
        private static int Growth(DerValue value, int length)
        {
            int content = length - value.Content.Length;
            return value.Encoded.IsEmpty ? 0 : content + HeaderLength(value, length) - (value.ContentOffset - value.Offset);
        }

        private static bool IsIndefinite(DerValue value) => value.End != value.ContentEnd;

        private static int HeaderLength(DerValue value, int length) => 1 + (IsIndefinite(value) ? 1 : LengthOctets(length));

        private static int LengthOctets(int length) => length switch { < 0x80 => 1, < 0x100 => 2, < 0x10000 => 3, < 0x1000000 => 4, _ => 5 };

        private static void WriteHeader(ref Span<byte> target, DerValue value, int length)
        {
            target[0] = value.Tag;
            int octets = IsIndefinite(value) ? 1 : LengthOctets(length);
            target[1] = IsIndefinite(value) ? (byte)0x80 : octets == 1 ? (byte)length : (byte)(0x80 | octets - 1);
            for (int i = 1; i < octets; i++) target[1 + i] = (byte)(length >> 8 * (octets - 1 - i));
            target = target[(1 + octets)..];
        }

        private static void Write(ref Span<byte> target, ReadOnlySpan<byte> bytes)
        {
            bytes.CopyTo(target);
            target = target[bytes.Length..];
        }
    }
}
