namespace CertHerald.Names.Lookalikes;

/// <summary>Labels that nobody chose to be remembered by: made by machines, in bulk.</summary>
internal static class OddLabels
{
    private const byte Consonant = 1, Vowel = 2, Digit = 4;

    private static readonly byte[] Kinds = [.. Enumerable.Range(0, 256).Select(b => "aeiouy".Contains((char)b, StringComparison.Ordinal) ? Vowel : char.IsAsciiLetter((char)b) ? Consonant : char.IsAsciiDigit((char)b) ? Digit : (byte)0)];

    /// <summary>Long runs of consonants, digits between letters, or hardly a vowel.</summary>
    public static bool IsOdd(ReadOnlySpan<byte> label)
    {
        if (label.Length < 5) return false;
        int run = 0, longest = 0, vowels = 0, letters = 0, changes = 0;
        int wasDigit = Kinds[label[0]] & Digit;
        foreach (byte b in label)
        {
            // No branches: which letters follow is nothing that a processor can guess.
            int kind = Kinds[b], consonant = kind & Consonant, vowel = kind >> 1 & 1, digit = kind & Digit;
            changes += (digit ^ wasDigit) >> 2;
            wasDigit = digit;
            letters += consonant + vowel;
            vowels += vowel;
            run = (run + 1) & -consonant;
            longest = Math.Max(longest, run);
        }
        return longest >= 5 || changes >= 3 || (letters >= 5 && vowels * 6 <= letters);
    }
}
