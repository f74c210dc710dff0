using CertHerald.Inspecting;

namespace CertHerald.Tests.Inspecting;

public sealed class VisibleTests
{
    [Theory]
    [InlineData("plain.example.com", "plain.example.com")]
    [InlineData("<b>&'\"", "<b>&'\"")]
    [InlineData("a\0b", @"a\u{0000}b")]
    [InlineData("\u001B[31mred", @"\u{001B}[31mred")]
    [InlineData("line\r\nline", @"line\u{000D}\u{000A}line")]
    [InlineData("moc.\u202Eelgoog", @"moc.\u{202E}elgoog")]
    [InlineData("\u2066isolated\u2069", @"\u{2066}isolated\u{2069}")]
    [InlineData("zero\u200Bwidth\u200D\uFEFF", @"zero\u{200B}width\u{200D}\u{FEFF}")]
    [InlineData("soft\u00ADhyphen", @"soft\u{00AD}hyphen")]
    [InlineData("no\u00A0break\u3000wide", @"no\u{00A0}break\u{3000}wide")]
    [InlineData("para\u2029graph\u0085", @"para\u{2029}graph\u{0085}")]
    [InlineData("filler\u3164\uFFA0\u115F", @"filler\u{3164}\u{FFA0}\u{115F}")]
    [InlineData("variation\uFE0F\U000E0101", @"variation\u{FE0F}\u{E0101}")]
    [InlineData("tag\U000E0041", @"tag\u{E0041}")]
    [InlineData("empty braille\u2800", @"empty braille\u{2800}")]
    [InlineData("private\uE000", @"private\u{E000}")]
    public void Characters_that_hide_or_move_others_are_spelled_out(string text, string shown) => Assert.Equal(shown, Visible.Of(text));

    [Theory]
    [InlineData("Müller")]
    [InlineData("例え.テスト")]
    [InlineData("שלום")]
    [InlineData("😀 e\u0301")]
    public void Letters_of_every_script_stay(string text) => Assert.Equal(text, Visible.Of(text));

    // In code, because attributes cannot carry ill-formed text.
    [Fact]
    public void A_lone_surrogate_is_named_by_its_own_value()
    {
        Assert.Equal(@"x\u{D800}y", Visible.Of("x\uD800y"));
        Assert.Equal(@"\u{DC00}", Visible.Of("\uDC00"));
    }

    [Fact]
    public void Line_feeds_and_tabs_stay_where_lines_are_wanted_and_other_controls_do_not() =>
        Assert.Equal("one\n\ttwo" + @"\u{000D}", Visible.Of("one\n\ttwo\r", keepLines: true));

    [Fact]
    public void Runs_put_together_are_the_text()
    {
        const string Text = "a\u202Eb😀\0";

        string whole = string.Concat(Visible.Runs(Text).Select(run =>
            run.Hidden ? char.ConvertFromUtf32(Convert.ToInt32(run.Text, 16)) : run.Text));

        Assert.Equal(Text, whole);
    }
}
