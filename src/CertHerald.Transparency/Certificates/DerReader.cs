using System.Runtime.CompilerServices;

namespace CertHerald.Transparency.Certificates;

/// <summary>
/// Walks DER as logs really hold it: non-minimal and indefinite lengths and high tag numbers pass, against X.690 §10.1,
/// because a CA's slip must not hide a name. A Try that returns false has not moved the reader; nothing throws.
/// </summary>
public ref struct DerReader
{
    // Constructed values of indefinite length within one another: a BER certificate has seven.
    private const int MaxNesting = 64;

    private readonly ReadOnlySpan<byte> _der;
    private readonly int _end;
    private int _at;

    /// <summary>Starts at the first byte of <paramref name="der"/>.</summary>
    public DerReader(ReadOnlySpan<byte> der) : this(der, 0, der.Length) { }

    internal DerReader(ReadOnlySpan<byte> der, int start, int end)
    {
        _der = der;
        _at = start;
        _end = end;
    }

    /// <summary>Whether every byte has been read.</summary>
    public readonly bool IsAtEnd => _at >= _end;

    /// <summary>Where the next value starts, in bytes from the start of what the outermost reader was given.</summary>
    public readonly int Offset => _at;

    /// <summary>The identifier octet of the next value; 0 at the end.</summary>
    public readonly byte NextTag => _at < _end ? _der[_at] : (byte)0;

    /// <summary>What has not been read.</summary>
    public readonly ReadOnlySpan<byte> Rest => _der[_at.._end];

    /// <summary>Reads the next value, whatever its tag.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryRead(out DerValue value)
    {
        int at = _at;
        if (_end - at >= 2)
        {
            int length = _der[at + 1];
            if (length < 0x80 && (_der[at] & 0x1F) != 0x1F && length <= _end - at - 2)
            {
                _at = at + 2 + length;
                value = new DerValue(_der, at, at + 2, _at, _at, isBer: false);
                return true;
            }
        }
        return TryReadLong(out value);
    }

    /// <summary>Reads the next value if its identifier octet is <paramref name="tag"/>.</summary>
    public bool TryRead(byte tag, out DerValue value)
    {
        if (NextTag == tag && !IsAtEnd) return TryRead(out value);
        value = default;
        return false;
    }

    /// <summary>Reads the content of the next value if its identifier octet is <paramref name="tag"/>.</summary>
    public bool TryRead(byte tag, out ReadOnlySpan<byte> content)
    {
        bool read = TryRead(tag, out DerValue value);
        content = value.Content;
        return read;
    }

    /// <summary>
    /// Reads a value that holds others; one that is cut short ends where its surroundings end, so that what is there can be
    /// read.
    /// </summary>
    internal bool TryReadFrame(out DerValue value, out bool isCut)
    {
        isCut = false;
        if (TryRead(out value)) return true;
        if (!TryReadHeader(out int content, out _, out _)) return false;

        isCut = true;
        value = new DerValue(_der, _at, content, _end, _end, isBer: false);
        _at = _end;
        return true;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool TryReadLong(out DerValue value)
    {
        value = default;
        if (!TryReadHeader(out int content, out int length, out bool isBer)) return false;

        int contentEnd, end;
        if (length >= 0)
        {
            if (length > _end - content) return false;
            contentEnd = end = content + length;
        }
        else
        {
            if (!TryFindEndOfContents(content, out contentEnd)) return false;
            end = contentEnd + 2;
        }
        value = new DerValue(_der, _at, content, contentEnd, end, isBer);
        _at = end;
        return true;
    }

    /// <param name="content">Where the content starts.</param>
    /// <param name="length">How long it is; -1: until an end-of-contents.</param>
    /// <param name="isBer">Whether DER would have written the header differently.</param>
    private readonly bool TryReadHeader(out int content, out int length, out bool isBer)
    {
        length = 0;
        isBer = false;
        content = _at;
        if (content >= _end) return false;

        byte tag = _der[content++];
        if ((tag & 0x1F) == 0x1F)
        {
            int last = Math.Min(_end, content + 5);
            while (content < last && _der[content] >= 0x80) content++;
            if (content++ >= last) return false;
        }

        if (content >= _end) return false;
        int first = _der[content++];
        if (first < 0x80)
        {
            length = first;
            return true;
        }
        if (first == 0x80)
        {
            length = -1;
            isBer = true;
            return (tag & 0x20) != 0;
        }

        int octets = first & 0x7F;
        if (first == 0xFF || octets > _end - content) return false;
        isBer = _der[content] == 0;
        uint value = 0;
        for (int i = 0; i < octets; i++)
        {
            if (value > int.MaxValue >> 8) return false;
            value = value << 8 | _der[content++];
        }
        length = (int)value;
        isBer |= length < 0x80;
        return true;
    }

    /// <summary>X.690 §8.1.5: two zero bytes where a value would start.</summary>
    private readonly bool TryFindEndOfContents(int start, out int contentEnd)
    {
        var inner = new DerReader(_der, start, _end);
        int open = 1;
        contentEnd = start;
        while (inner._end - inner._at >= 2)
        {
            if (_der[inner._at] == 0 && _der[inner._at + 1] == 0)
            {
                contentEnd = inner._at;
                if (--open == 0) return true;
                inner._at += 2;
                continue;
            }
            if (!inner.TryReadHeader(out int content, out int length, out _)) return false;
            if (length > _end - content || length < 0 && ++open > MaxNesting) return false;
            inner._at = content + Math.Max(length, 0);
        }
        return false;
    }
}

/// <summary>One value in DER: its header and content, as spans of what was read.</summary>
public readonly ref struct DerValue
{
    private readonly ReadOnlySpan<byte> _der;

    internal DerValue(ReadOnlySpan<byte> der, int offset, int content, int contentEnd, int end, bool isBer)
    {
        _der = der;
        Offset = offset;
        ContentOffset = content;
        ContentEnd = contentEnd;
        End = end;
        IsBer = isBer;
    }

    /// <summary>
    /// The identifier octet: class, constructed bit, and number below 31. A larger number follows it and is not kept.
    /// </summary>
    public byte Tag => Offset < End ? _der[Offset] : (byte)0;

    /// <summary>The tag's number, whatever its class; 31 stands for every number from 31 on.</summary>
    public int TagNumber => Tag & 0x1F;

    /// <summary>Whether it says that it holds other values.</summary>
    public bool IsConstructed => (Tag & 0x20) != 0;

    /// <summary>Whether its length is indefinite or longer than needed, which DER forbids.</summary>
    public bool IsBer { get; }

    /// <summary>Where it starts, in bytes from the start of what the outermost reader was given.</summary>
    public int Offset { get; }

    /// <summary>Where its content starts, counted likewise.</summary>
    public int ContentOffset { get; }

    internal int ContentEnd { get; }

    internal int End { get; }

    /// <summary>The content, without end-of-contents octets.</summary>
    public ReadOnlySpan<byte> Content => _der[ContentOffset..ContentEnd];

    /// <summary>Header, content and, after an indefinite length, the end-of-contents octets.</summary>
    public ReadOnlySpan<byte> Encoded => _der[Offset..End];

    /// <summary>A reader of the values inside; offsets stay those of the outermost reader.</summary>
    public DerReader Contents => new(_der, ContentOffset, ContentEnd);
}
