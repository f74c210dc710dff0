using System.Buffers;
using System.Runtime.CompilerServices;

namespace CertHerald.Transparency.Certificates;

/// <summary>
/// Walks the names of a certificate, for <c>foreach</c>. To learn afterwards what could not be understood, walk it by hand:
/// <c>using NameEnumerator names = view.Names; while (names.MoveNext()) … names.Current; … names.Flaws</c>.
/// </summary>
public ref struct NameEnumerator
{
    private readonly DerReader _extensions;
    private DerReader _outer;
    private DerReader _inner;
    private FlawNotes _notes;
    private Stage _stage;
    private bool _hasSan;
    private byte[]? _rented;

    /// <param name="subject">At the subject's Name.</param>
    /// <param name="extensions">At the first extension.</param>
    internal NameEnumerator(DerReader subject, DerReader extensions, FlawNotes notes)
    {
        _extensions = extensions;
        _outer = subject;
        _notes = notes;
        _stage = Stage.Start;
    }

    private enum Stage : byte { Start, Subject, Attributes, Extensions, San, End }

    /// <summary>The name at hand.</summary>
    public RawName Current { get; private set; }

    /// <summary>
    /// What was amiss up to here; after the last name, all of it. See <see cref="CertificateFlaws.MayHideName"/>.
    /// </summary>
    public readonly CertificateFlaws Flaws => _notes.Flaws;

    /// <summary>Goes to the next name; false behind the last.</summary>
    public bool MoveNext()
    {
        while (true)
        {
            switch (_stage)
            {
                case Stage.San:
                    if (_inner.IsAtEnd) _stage = Stage.Extensions;
                    else if (ReadSanElement()) return true;
                    break;
                case Stage.Attributes:
                    if (_inner.IsAtEnd) _stage = Stage.Subject;
                    else if (ReadAttribute()) return true;
                    break;
                case Stage.Subject:
                    if (_outer.IsAtEnd) LeaveSubject();
                    else ReadRdn();
                    break;
                case Stage.Extensions:
                    if (_outer.IsAtEnd) _stage = Stage.End;
                    else ReadExtension();
                    break;
                case Stage.Start:
                    EnterSubject();
                    break;
                default:
                    return false;
            }
        }
    }

    /// <summary>Itself, so that <c>foreach</c> takes it.</summary>
    public readonly NameEnumerator GetEnumerator() => this;

    /// <summary>Gives back the buffer that names of several pieces or wide characters need.</summary>
    public void Dispose()
    {
        if (_rented is not null) ArrayPool<byte>.Shared.Return(_rented);
        _rented = null;
    }

    private void EnterSubject()
    {
        _stage = Stage.Subject;
        if (_outer.IsAtEnd) return;
        int offset = _outer.Offset;
        byte tag = _outer.NextTag;
        bool read = _notes.ReadFrame(ref _outer, CertificateFlaws.SubjectUnreadable, out DerValue name);
        if (!read || tag != DerTag.ConstructedSequence) _notes.Add(CertificateFlaws.SubjectUnreadable, offset);
        _outer = name.Contents;
    }

    private void LeaveSubject()
    {
        _outer = _extensions;
        _stage = Stage.Extensions;
    }

    private void ReadRdn()
    {
        if (!_notes.ReadFrame(ref _outer, CertificateFlaws.SubjectUnreadable, out DerValue rdn))
        {
            _notes.Add(CertificateFlaws.SubjectUnreadable, _outer.Offset);
            LeaveSubject();
            return;
        }
        if (rdn.Tag != DerTag.ConstructedSet) _notes.Add(CertificateFlaws.UnknownSubjectElement, rdn.Offset);
        _inner = rdn.Contents;
        _stage = Stage.Attributes;
    }

    private bool ReadAttribute()
    {
        if (!_notes.ReadFrame(ref _inner, CertificateFlaws.SubjectUnreadable, out DerValue attribute))
        {
            _notes.Add(CertificateFlaws.SubjectUnreadable, _inner.Offset);
            _stage = Stage.Subject;
            return false;
        }

        DerReader parts = attribute.Contents;
        if (attribute.Tag != DerTag.ConstructedSequence || !parts.TryRead(DerTag.ObjectIdentifier, out DerValue type)
            || !_notes.Read(ref parts, out DerValue value))
        {
            _notes.Add(CertificateFlaws.UnknownSubjectElement, attribute.Offset);
            return false;
        }
        if (!parts.IsAtEnd) _notes.Add(CertificateFlaws.UnknownSubjectElement, parts.Offset);
        return type.Content is [0x55, 0x04, 0x03] && TakeCommonName(value);
    }

    private void ReadExtension()
    {
        if (!_outer.TryReadFrame(out DerValue sequence, out bool isCut))
        {
            _notes.Add(CertificateFlaws.ExtensionUnreadable, _outer.Offset);
            _stage = Stage.End;
            return;
        }
        if (sequence.IsBer) _notes.Add(CertificateFlaws.BerLength, sequence.Offset);

        // Nearly every extension is another one, and ends here.
        ReadOnlySpan<byte> content = sequence.Content;
        bool isOther = content is [DerTag.ObjectIdentifier, < 0x80, ..] && content.Length > content[1] + 2
            && !content.StartsWith((ReadOnlySpan<byte>)[DerTag.ObjectIdentifier, 3, 0x55, 0x1D, 0x11]);
        if (isOther && !isCut && sequence.Tag == DerTag.ConstructedSequence && !_notes.AreForPeople) return;

        if (!CertificateExtension.TryParse(sequence, isCut, ref _notes, out CertificateExtension extension)
            || !extension.Oid.SequenceEqual(ExtensionOids.SubjectAltName)) return;
        EnterSan(extension);
    }

    private void EnterSan(CertificateExtension extension)
    {
        if (_hasSan) _notes.Add(CertificateFlaws.RepeatedExtension, extension.Offset);
        _hasSan = true;
        if (!extension.HasValue) return;

        DerReader octets = extension.OctetString.Contents;
        byte tag = octets.NextTag;
        if (!_notes.ReadFrame(ref octets, CertificateFlaws.SanUnreadable, out DerValue names) || tag != DerTag.ConstructedSequence)
            _notes.Add(CertificateFlaws.SanUnreadable, extension.Offset);
        if (!octets.IsAtEnd)
        {
            bool isZeros = !octets.Rest.ContainsAnyExcept((byte)0);
            _notes.Add(isZeros ? CertificateFlaws.ZerosAfterSan : CertificateFlaws.DataAfterSan, octets.Offset);
        }
        _inner = names.Contents;
        _stage = Stage.San;
    }

    private bool ReadSanElement()
    {
        if (!_inner.TryRead(out DerValue element))
        {
            _notes.Add(CertificateFlaws.SanUnreadable, _inner.Offset);
            _stage = Stage.Extensions;
            return false;
        }
        if (element.Tag != DerTag.DnsName || element.IsBer || _notes.AreForPeople) return TakeOther(element);

        Current = new RawName(RawNameSource.DnsName, element.Content, element.Offset, DerTag.DnsName);
        return true;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool TakeOther(DerValue element)
    {
        if (element.IsBer) _notes.Add(CertificateFlaws.BerLength, element.Offset);
        if ((element.Tag & 0xC0) != 0x80) _notes.Add(CertificateFlaws.OddTagClass, element.Offset);

        switch (element.TagNumber)
        {
            case 2:
                ReadOnlySpan<byte> name = element.IsConstructed ? Join(element, DerTag.Ia5String) : element.Content;
                LookForEightBits(name, element.Offset);
                Current = new RawName(RawNameSource.DnsName, name, element.Offset, element.Tag);
                return true;
            case 7:
                ReadOnlySpan<byte> address = element.Content;
                if (address.Length is not (4 or 16) && element.IsConstructed) address = Join(element, DerTag.OctetString);
                if (address.Length is not (4 or 16))
                {
                    _notes.Add(CertificateFlaws.OddIpAddress, element.Offset);
                    return false;
                }
                Current = new RawName(RawNameSource.IpAddress, address, element.Offset, element.Tag);
                return true;
            case > 8:
                _notes.Add(CertificateFlaws.UnknownSanElement, element.Offset);
                return false;
            default:
                return false;
        }
    }

    private bool TakeCommonName(DerValue value)
    {
        int type = value.TagNumber;
        bool isUniversal = (value.Tag & 0xC0) == 0;
        if (!isUniversal || !(DerTag.IsByteString(type) || DerTag.IsWideString(type)))
        {
            _notes.Add(CertificateFlaws.UnknownString, value.Offset);
            return false;
        }

        ReadOnlySpan<byte> text = value.Content;
        if (value.IsConstructed) text = Join(value, (byte)type);
        else if (DerTag.IsWideString(type)) text = Narrow(text, type, value.Offset);
        if (type is not DerTag.Utf8String and not DerTag.TeletexString) LookForEightBits(text, value.Offset);
        Current = new RawName(RawNameSource.CommonName, text, value.Offset, value.Tag);
        return true;
    }

    private void LookForEightBits(ReadOnlySpan<byte> text, int offset)
    {
        if (_notes.AreForPeople && text.ContainsAnyInRange((byte)0x80, (byte)0xFF)) _notes.Add(CertificateFlaws.EightBitString, offset);
    }

    /// <summary>
    /// The text of a string that says it is constructed: of its pieces or, if there are none, of its content as it stands.
    /// </summary>
    private ReadOnlySpan<byte> Join(DerValue value, byte type)
    {
        _notes.Add(CertificateFlaws.ConstructedString, value.Offset);
        ReadOnlySpan<byte> content = value.Content;
        ReadOnlySpan<byte> text = content;
        if (StringPieces.AreIn(value.Contents, ref type))
        {
            // The pieces go behind the room that their text may need in UTF-8.
            int room = StringPieces.MaxTextLength(content.Length);
            byte[] buffer = Rent(room + content.Length);
            int length = StringPieces.Copy(value.Contents, buffer.AsSpan(room));
            text = buffer.AsSpan(room, length);
        }
        return DerTag.IsWideString(type) ? Narrow(text, type, value.Offset) : text;
    }

    private ReadOnlySpan<byte> Narrow(ReadOnlySpan<byte> wide, int type, int offset)
    {
        // If the pieces of Join lie in the buffer already, it is large enough, and they lie behind the room.
        byte[] buffer = _rented is not null && wide.Overlaps(_rented) ? _rented : Rent(StringPieces.MaxTextLength(wide.Length));
        if (!StringPieces.TryNarrow(wide, type, buffer, out int length)) _notes.Add(CertificateFlaws.UnknownString, offset);
        return buffer.AsSpan(0, length);
    }

    private byte[] Rent(int length)
    {
        Dispose();
        return _rented = ArrayPool<byte>.Shared.Rent(length);
    }
}
