namespace CertHerald.TestLog.Corpora;

/// <summary>Writes DER from its end to its start, so that every length is known when it is written.</summary>
internal ref struct DerBackwards(Span<byte> buffer)
{
    private readonly Span<byte> _buffer = buffer;

    /// <summary>Where the written part begins: remember it, write a value's content, and <see cref="Wrap"/> up to here.</summary>
    public int Start { get; private set; } = buffer.Length;

    public readonly ReadOnlySpan<byte> Written => _buffer[Start..];

    public void Put(scoped ReadOnlySpan<byte> bytes)
    {
        Start -= bytes.Length;
        bytes.CopyTo(_buffer[Start..]);
    }

    public void Put(byte value) => _buffer[--Start] = value;

    /// <summary>Makes a value of what was written since <paramref name="end"/>.</summary>
    public void Wrap(byte tag, int end)
    {
        int length = end - Start;
        Put((byte)length);
        if (length > 0xff) Put((byte)(length >> 8));
        if (length > 0x7f) Put((byte)(length > 0xff ? 0x82 : 0x81));
        Put(tag);
    }

    public void Put(byte tag, scoped ReadOnlySpan<byte> content)
    {
        int end = Start;
        Put(content);
        Wrap(tag, end);
    }

    public void PutText(byte tag, string ascii)
    {
        int end = Start;
        Start -= ascii.Length;
        System.Text.Encoding.ASCII.GetBytes(ascii, _buffer[Start..]);
        Wrap(tag, end);
    }
}
