namespace CertHerald.Names.Lookalikes;

/// <summary>Labels that nobody chose to be remembered by: made by machines, in bulk.</summary>
internal static class OddLabels
{
    /// <summary>Long runs of consonants, digits between letters, or hardly a vowel.</summary>
    public static bool IsOdd(ReadOnlySpan<byte> label)
    {
        if (label.Length < 5) return false;
        int run = 0, longest = 0, vowels = 0, letters = 0, changes = 0;
        bool wasDigit = false;
        for (int i = 0; i < label.Length; i++)
        {
            char c = (char)label[i];
            bool isDigit = char.IsAsciiDigit(c);
            if (i > 0 && isDigit != wasDigit) changes++;
            wasDigit = isDigit;
            if (!char.IsAsciiLetter(c))
            {
                run = 0;
                continue;
            }
            letters++;
            bool isVowel = c is 'a' or 'e' or 'i' or 'o' or 'u' or 'y';
            if (isVowel) vowels++;
            run = isVowel ? 0 : run + 1;
            longest = Math.Max(longest, run);
        }
        return longest >= 5 || changes >= 3 || (letters >= 5 && vowels * 6 <= letters);
    }
}
