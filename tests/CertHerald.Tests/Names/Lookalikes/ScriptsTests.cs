using System.Globalization;
using System.Text;
using CertHerald.Names;
using CertHerald.Names.Lookalikes;
using CertHerald.Tests.Doubles;

namespace CertHerald.Tests.Names.Lookalikes;

/// <summary>UTS #39: which scripts a label mixes, and what characters are drawn like.</summary>
public sealed class ScriptsTests
{
    [Fact]
    public void Every_character_is_of_the_script_that_Unicode_says()
    {
        UnicodeTable table = Read("Scripts.txt");
        int seen = 0;
        foreach (UnicodeRow row in table.Rows)
            for (int point = row.First; point <= row.Last; point++, seen++)
                Assert.Equal((point, row.Fields[0] is "Common" or "Inherited" ? "Common" : row.Fields[0]), (point, Scripts.NameOf(Scripts.Of(point)).Replace(' ', '_')));
        Assert.InRange(seen, 150_000, int.MaxValue);
    }

    [Theory]
    [InlineData("facebook", false)]
    [InlineData("f4ce-b00k", false)]
    [InlineData("f\u00e1cebook", false)]
    [InlineData("f\u0430cebook", true)]
    [InlineData("fac\u03b5book", true)]
    [InlineData("fac\u0435b\u043e\u043ek", true)]
    [InlineData("\u0440\u0443\u0431\u043b\u044c", false)]
    [InlineData("\u0440\u0443\u0431\u043b\u044c24", false)]
    [InlineData("\u0440\u0443\u0431\u043b\u03b1", true)]
    [InlineData("line\u516c\u5f0f", false)]
    [InlineData("line\u3089\u30a4\u516c", false)]
    [InlineData("line\u516c\u3105", false)]
    [InlineData("line\u516c\ub77c", false)]
    [InlineData("line\u3089\ub77c", true)]
    [InlineData("line\u30a4\u3105", true)]
    [InlineData("\u30a4\u0438", true)]
    public void A_label_mixes_scripts_where_no_language_does(string label, bool expected)
    {
        var scripts = new ScriptSet();
        foreach (Rune rune in label.EnumerateRunes()) scripts.Add(rune.Value);

        Assert.Equal(expected, scripts.IsMixed);
    }

    [Fact]
    public void A_label_of_mixed_scripts_is_said_to_be_one()
    {
        LookalikeIndex index = Looking.For("facebook.com");

        Assert.Contains("fac\u0435book mixes letters of Latin and Cyrillic, as no language does", Assert.Single(index.Judge("xn--facbook-9gg.ml")).Reasons);
        Assert.Contains("fac\u03b5book mixes letters of Latin and Greek, as no language does", Assert.Single(index.Judge("login.fac\u03b5book.com")).Reasons);
        Assert.Contains("facebook-\u0432\u0445\u043e\u0434 mixes letters of Latin and Cyrillic, as no language does", Assert.Single(index.Judge("facebook-\u0432\u0445\u043e\u0434.net")).Reasons);
        Assert.DoesNotContain(Assert.Single(index.Judge("xn--fcebook-hwa.com")).Reasons, reason => reason.Contains("mixes", StringComparison.Ordinal));
        Assert.DoesNotContain(Assert.Single(index.Judge("facebook.\u0432\u0445\u043e\u0434.net")).Reasons, reason => reason.Contains("mixes", StringComparison.Ordinal));
    }

    [Fact]
    public void Mixed_scripts_raise_a_score()
    {
        LookalikeIndex index = Looking.For("facebook.com");

        Assert.True(LookalikeScores.Of(Evidence.Foreign | Evidence.MixedScripts, isBelow: false) > LookalikeScores.Of(Evidence.Foreign, isBelow: false));
        Assert.True(index.Score("facebook-\u4e2d\u6587.net") < index.Score("facebook-\u0431\u0435.net"));
    }

    [Fact]
    public void Characters_are_drawn_like_what_Unicode_says_they_are_confused_with()
    {
        HashSet<int> inNames = [.. Read("IdnaMappingTable.txt").Rows.Where(row => row.Fields[0] == "valid").SelectMany(row => Enumerable.Range(row.First, row.Last - row.First + 1))];
        int compared = 0;
        foreach (UnicodeRow row in Read("confusables.txt").Rows)
        {
            if (row.First < 0x80 || !inNames.Contains(row.First) || row.Fields[0].Split(' ') is not [var hex]) continue;
            int meant = int.Parse(hex, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
            if (meant >= 0x80 || !char.IsAsciiLetterOrDigit((char)meant)) continue;
            byte drawn = Glyphs.Table[(byte)char.ToLowerInvariant((char)meant)];
            Assert.True(CharacterFolds.BuiltIn.TryFold(row.First, out byte first, out byte second), $"U+{row.First:X4} is drawn like nothing, and not like {(char)drawn}");
            Assert.True(Glyphs.Table[first] == drawn || Glyphs.Table[second] == drawn, $"U+{row.First:X4} is drawn like {(char)first}, and not like {(char)drawn}");
            compared++;
        }
        Assert.InRange(compared, 300, int.MaxValue);
    }

    private static UnicodeTable Read(string file) =>
        UnicodeTable.TryRead(SharedData.Bytes("unicode", file), out UnicodeTable? table, out string? problem) ? table : throw new InvalidDataException(problem);
}
