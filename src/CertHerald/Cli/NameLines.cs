namespace CertHerald.Cli;

/// <summary>Lines of names from strangers, as bytes.</summary>
internal static class NameLines
{
    /// <summary>Of a line, more than any name; what goes beyond is left out.</summary>
    private const int Longest = 64 << 10;

    /// <summary>Every line, without its end and white space around it. What is given is valid until the next.</summary>
    public static IEnumerable<ReadOnlyMemory<byte>> Read(Stream stream)
    {
        byte[] buffer = new byte[Longest];
        int filled = 0, start = 0;
        bool isCut = false;
        while (true)
        {
            int end = Array.IndexOf(buffer, (byte)'\n', start, filled - start);
            if (end >= 0)
            {
                if (!isCut) yield return Trimmed(buffer, start, end);
                isCut = false;
                start = end + 1;
                continue;
            }
            buffer.AsSpan(start, filled - start).CopyTo(buffer);
            filled -= start;
            start = 0;
            if (filled == buffer.Length)
            {
                if (!isCut) yield return Trimmed(buffer, 0, filled);
                isCut = true;
                filled = 0;
            }
            int read = stream.Read(buffer, filled, buffer.Length - filled);
            if (read == 0)
            {
                if (filled > 0 && !isCut) yield return Trimmed(buffer, 0, filled);
                yield break;
            }
            filled += read;
        }
    }

    private static ReadOnlyMemory<byte> Trimmed(byte[] buffer, int start, int end)
    {
        while (end > start && buffer[end - 1] is (byte)'\r' or (byte)' ' or (byte)'\t') end--;
        while (start < end && buffer[start] is (byte)' ' or (byte)'\t') start++;
        return buffer.AsMemory(start, end - start);
    }
}
