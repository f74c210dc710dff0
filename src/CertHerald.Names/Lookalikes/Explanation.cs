using System.Globalization;
using System.Text;

namespace CertHerald.Names.Lookalikes;

/// <summary>Puts a judgement into sentences. Runs for alerts only.</summary>
internal static class Explanation
{
    private static readonly string[] Keyboards = ["qwertyuiop|asdfghjkl|zxcvbnm", "qwertzuiop|asdfghjkl|yxcvbnm", "azertyuiop|qsdfghjklm|wxcvbn"];

    public static Quotation Quote(NameText name, in Sighting sighting, string domain)
    {
        string registrable = Text(name.Registrable);
        return new Quotation(
            Shown(name, sighting.Start, sighting.End), sighting.Word.Written, domain, registrable,
            $"{Shown(name, name.OwnerStart, name.Length)}.{Text(name.Suffix)}", Text(name.Suffix), Changes(name, sighting));
    }

    /// <summary>What speaks for the imitation, a sentence each.</summary>
    public static IEnumerable<string> Of(Sighting sighting, NameText name, ProtectedDomain domain)
    {
        Evidence evidence = sighting.Evidence;
        if ((evidence & (Evidence.Urgent | Evidence.UrgentNear)) != 0) yield return "words of sign-in, payment or prizes stand beside it";
        if ((evidence & Evidence.Hosted) != 0) yield return $"anybody can have a name below {Text(name.Suffix)}";
        if ((evidence & Evidence.CheapTld) != 0) yield return $"names under .{Text(name.Suffix)} cost next to nothing";
        if ((evidence & Evidence.OwnSuffix) != 0) yield return $"a suffix follows as in {domain.Name}";
        else if ((evidence & Evidence.AnyTld) != 0) yield return "a top-level domain or country follows it";
        if ((evidence & Evidence.OddOwner) != 0) yield return $"{Text(name.Registrable)} looks made by a machine";
        if ((evidence & Evidence.Foreign) != 0) yield return "foreign characters stand beside it";
        if ((evidence & Evidence.MixedScripts) != 0) yield return Mixed(name, sighting);
    }

    // The label that does it, of those that the word stands in.
    private static string Mixed(NameText name, in Sighting sighting)
    {
        int start = name.TextStart[name.LabelOf[sighting.Start]];
        while (true)
        {
            int end = start;
            var set = new ScriptSet();
            var scripts = new List<byte>();
            do
            {
                set.Add(name.CharacterAt(end));
                byte script = Scripts.Of(name.CharacterAt(end));
                if (script != Scripts.Common && !scripts.Contains(script)) scripts.Add(script);
            }
            while (name.Before[++end] != Gap.Dot);
            if (set.IsMixed) return $"{Shown(name, start, end)} mixes letters of {string.Join(" and ", scripts.Select(Scripts.NameOf))}, as no language does";
            start = end;
        }
    }

    /// <summary>As people see it: foreign characters decoded, hyphens and dots kept.</summary>
    public static string Shown(NameText name, int start, int end)
    {
        var text = new StringBuilder();
        for (int i = start; i < end; i++)
        {
            if (i > start) text.Append(name.Before[i] switch { Gap.Dot => ".", Gap.Hyphen => "-", Gap.Hyphens => "--", _ => "" });
            if (name.Marks[i] == Foreign.No) text.Append((char)name.Raw[i]);
            else text.Append(new Rune(name.Points[i]));
        }
        return text.ToString();
    }

    private static string Changes(NameText name, in Sighting sighting)
    {
        var changes = new List<string>();
        for (int i = sighting.Start; i < sighting.End; i++)
        {
            if (name.Marks[i] is Foreign.No or Foreign.Unlike) continue;
            string change = $"{new Rune(name.Points[i])} ({Script(name.Points[i])}) for {(char)name.Raw[i]}";
            if (!changes.Contains(change)) changes.Add(change);
        }
        ReadOnlySpan<byte> raw = name.Raw.AsSpan(sighting.Start, sighting.End - sighting.Start), word = sighting.Word.Raw;
        if (sighting.Change == Change.Hyphen) changes.AddRange(GapChanges.Sentences(GapChanges.Between(name, sighting.Start, sighting.End, sighting.Word)));
        if (sighting.Change is Change.Glyph or Change.Hyphen) changes.AddRange(GlyphChanges(raw, word));
        if (sighting.Change is Change.Slip or Change.WeakSlip or Change.Slips) changes.Add(SlipChange(raw, word));
        return string.Join(", ", changes);
    }

    private static List<string> GlyphChanges(ReadOnlySpan<byte> raw, ReadOnlySpan<byte> word)
    {
        var times = new Dictionary<string, int>(StringComparer.Ordinal);
        for (int i = 0, j = 0; i < raw.Length && j < word.Length; i++, j++)
        {
            if (raw[i] == word[j]) continue;
            bool isJoined = i + 1 < raw.Length && Glyphs.Joined(raw[i], raw[i + 1]) == word[j];
            string change = isJoined ? $"{(char)raw[i]}{(char)raw[i + 1]} for {(char)word[j]}" : $"{(char)raw[i]} for {(char)word[j]}";
            times[change] = times.GetValueOrDefault(change) + 1;
            if (isJoined) i++;
        }
        return [.. times.Select(change => change.Value switch { 1 => change.Key, 2 => $"{change.Key}, twice", _ => $"{change.Key}, {change.Value.ToString(CultureInfo.InvariantCulture)} times" })];
    }

    private static string SlipChange(ReadOnlySpan<byte> raw, ReadOnlySpan<byte> word)
    {
        int at = raw.CommonPrefixLength(word);
        if (EditDistance.AtMost(raw, word, 1) != 1) return "several letters differ";
        if (raw.Length < word.Length) return $"{(char)word[at]} left out";
        if (raw.Length > word.Length)
        {
            bool isTwice = (at > 0 && raw[at] == raw[at - 1]) || (at + 1 < raw.Length && raw[at] == raw[at + 1]);
            return isTwice ? $"{(char)raw[at]} twice" : $"{(char)raw[at]} put in";
        }
        if (at + 1 < raw.Length && raw[at] == word[at + 1] && raw[at + 1] == word[at]) return $"{(char)word[at]}{(char)word[at + 1]} turned round";
        return $"{(char)raw[at]} for {(char)word[at]}, {Replacement((char)raw[at], (char)word[at])}";
    }

    private static string Replacement(char typed, char meant)
    {
        if (Keyboards.Any(keyboard => AreNeighbours(keyboard, typed, meant))) return "its neighbour on a keyboard";
        if (IsVowel(typed) && IsVowel(meant)) return "another vowel";
        return int.PopCount(typed ^ meant) == 1 ? "one bit away" : "another letter";

        static bool IsVowel(char c) => c is 'a' or 'e' or 'i' or 'o' or 'u' or 'y';
    }

    private static bool AreNeighbours(string keyboard, char a, char b)
    {
        int at = keyboard.IndexOf(a, StringComparison.Ordinal), other = keyboard.IndexOf(b, StringComparison.Ordinal);
        return at >= 0 && other >= 0 && Math.Abs(at - other) == 1;
    }

    private static string Script(int point) => point switch
    {
        < 0x250 or (>= 0x1E00 and < 0x1F00) => "Latin with a mark",
        < 0x300 => "Latin, phonetic",
        _ => Scripts.Of(point) is var script && script != Scripts.Common ? Scripts.NameOf(script) : $"U+{point:X4}",
    };

    private static string Text(ReadOnlySpan<byte> name) => Encoding.Latin1.GetString(name);
}
