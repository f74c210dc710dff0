using System.Runtime.Intrinsics;
using System.Text;
using CertHerald.Names.Lookalikes;

namespace CertHerald.Tests.Names.Lookalikes;

/// <summary>Names are read sixteen bytes at once: against the plain way, byte by byte.</summary>
public sealed class NameTextTests
{
    private static readonly NameTables Tables = new(Looking.Few, CharacterFolds.BuiltIn, []);

    [Fact]
    public void A_name_is_drawn_as_byte_by_byte()
    {
        var random = new Random(1);
        var name = new NameText();
        int joined = 0, longest = 0;
        for (int i = 0; i < 20_000; i++)
        {
            string text = Made(random, random.Next(1, i % 50 == 0 ? 90 : 8)) + ".evil.com";
            Assert.True(name.Read(Encoding.ASCII.GetBytes(text), Tables));
            longest = Math.Max(longest, name.Length);

            string[] labels = text.ToLowerInvariant().Split('.');
            Assert.Equal(labels, Enumerable.Range(0, name.Labels).Select(label => Encoding.ASCII.GetString(name.LabelSpan(label))));
            var drawn = new List<(byte Raw, byte Fold, Gap Before, int Label)>();
            bool mayJoin = false;
            for (int label = 0; label <= name.OwnerLabel; label++)
            {
                if (label < name.OwnerLabel && GenericLabels.IsGeneric(Encoding.ASCII.GetBytes(labels[label]))) continue;
                Gap gap = Gap.Dot;
                foreach (char c in labels[label])
                {
                    if (char.IsAsciiLetterOrDigit(c))
                    {
                        mayJoin |= gap == Gap.None && Glyphs.Joined(drawn[^1].Raw, (byte)c) != 0;
                        drawn.Add(((byte)c, Glyphs.Table[c], gap, label));
                        gap = Gap.None;
                    }
                    else
                    {
                        gap = gap switch { Gap.None => Gap.Hyphen, Gap.Hyphen => Gap.Hyphens, _ => gap };
                    }
                }
            }
            Assert.Equal(drawn, Enumerable.Range(0, name.Length).Select(at => (name.Raw[at], name.Fold[at], name.Before[at], (int)name.LabelOf[at])));
            Assert.Equal([.. Enumerable.Range(0, drawn.Count).Where(at => drawn[at].Before != Gap.None), drawn.Count], name.WordStart.Take(name.Words + 1).Select(start => (int)start));
            Assert.Equal(mayJoin, name.HasSecond);
            Assert.Equal(new byte[8], name.Fold[name.Length..(name.Length + 8)]);
            if (mayJoin) joined++;
        }
        Assert.True(joined > 100 && longest > 150, $"{joined} {longest}");
    }

    [Fact]
    public void Sixteen_letters_and_digits_are_drawn_as_each_is()
    {
        foreach (byte b in "abcdefghijklmnopqrstuvwxyz0123456789"u8) Assert.Equal(Vector128.Create(Glyphs.Table[b]), Glyphs.Of(Vector128.Create(b)));
    }

    [Fact]
    public void Labels_are_odd_by_runs_of_consonants_digits_between_letters_and_few_vowels()
    {
        foreach (string odd in (string[])["bcdfg", "xqzkvb", "a1b2c", "1a2b3", "rhythmsbcdfgh", "bcd-fghjka"]) Assert.True(OddLabels.IsOdd(Encoding.ASCII.GetBytes(odd)), odd);
        foreach (string plain in (string[])["", "bcdf", "facebook", "abc123", "123abc", "banana", "bcd-fghaja"]) Assert.False(OddLabels.IsOdd(Encoding.ASCII.GetBytes(plain)), plain);
    }

    private static string Made(Random random, int pieces)
    {
        string[] some = ["www", "a", "rn", "RN", "vv", "cl", "r-n", "-", "--", "_", ".", ".", "0", "FaceBook", "login24", "quiet1", "abcdefghijklmnopq", "x", "n", "r"];
        string made = string.Concat(Enumerable.Range(0, pieces).Select(_ => some[random.Next(some.Length)]));
        return made.Replace("xn--", "x", StringComparison.OrdinalIgnoreCase).TrimStart('*');
    }
}
