using System.Text;

namespace CertHerald.Names.Lookalikes;

/// <summary>
/// Where in a text words of a set may begin, by their first four letters: near memory only, and sometimes wrong where none does.
/// Immutable and thread-safe.
/// </summary>
internal sealed class WordStarts
{
    private const int Letters = 3, BitsOfLetter = 5, AllBits = (1 << Letters * BitsOfLetter) - 1;

    private readonly Part[] _parts = new Part[AllBits + 1];

    /// <summary>What three letters are of some word.</summary>
    [Flags]
    private enum Part : byte
    {
        None = 0,
        Whole = 1,
        First = 2,
        Second = 4,
    }

    /// <param name="words">As for <see cref="WordSet"/>. Those of one or two letters are left out.</param>
    public WordStarts(string words)
    {
        foreach (string word in words.Split([' ', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries))
        {
            if (word.Length < Letters) continue;
            byte[] text = Encoding.ASCII.GetBytes(word);
            int three = CodeOf(text);
            _parts[three] |= text.Length == Letters ? Part.Whole : Part.First;
            if (text.Length > Letters) _parts[Next(three, text[Letters])] |= Part.Second;
        }
    }

    /// <summary>Bit i for character i.</summary>
    /// <param name="text">Up to 64 characters, and any one behind them.</param>
    public ulong In(ReadOnlySpan<byte> text)
    {
        if (text.Length <= Letters) return 0;
        ulong starts = 0;
        int code = CodeOf(text);
        Part part = _parts[code];
        for (int i = 0; i + Letters < text.Length; i++)
        {
            code = Next(code, text[i + Letters]);
            Part next = _parts[code];
            if ((part & Part.Whole) != 0 || ((part & Part.First) != 0 && (next & Part.Second) != 0)) starts |= 1UL << i;
            part = next;
        }
        return starts;
    }

    private static int CodeOf(ReadOnlySpan<byte> text) => Next(Next(Next(0, text[0]), text[1]), text[2]);

    private static int Next(int code, byte letter) => (code << BitsOfLetter | letter & 31) & AllBits;
}
