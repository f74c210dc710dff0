using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using CertHerald.Dialects.Meta;

namespace CertHerald.Tests.Dialects.Meta;

public sealed class AsciiJsonTests
{
    [Fact]
    public void M13_every_code_point_is_written_as_the_rule_says()
    {
        for (int first = 0; first <= 0x10ffff; first += 0x400)
        {
            string text = string.Concat(Enumerable.Range(first, 0x400).Where(Rune.IsValid).Select(value => new Rune(value).ToString()));
            Assert.Equal($"\"{ByTheRule(text)}\"", WriteString(text));
        }
    }

    [Theory]
    [InlineData("äöå", """\u00e4\u00f6\u00e5""")]
    [InlineData("😀", """\ud83d\ude00""")]
    [InlineData("/ < > & ' + % @", "/ < > & ' + % @")]
    [InlineData("\" \\ \b \f \n \r \t", """\" \\ \b \f \n \r \t""")]
    [InlineData("\0\u001f\u007f\u0080\u2028\uffff", """\u0000\u001f\u007f\u0080\u2028\uffff""")]
    [InlineData("""\u00E4 is no escape but six characters""", """\\u00E4 is no escape but six characters""")]
    [InlineData("""\\u00E4""", """\\\\u00E4""")]
    public void M13_texts_are_written_as_the_original_wrote_them(string text, string expected) => Assert.Equal($"\"{expected}\"", WriteString(text));

    [Fact]
    public void M13_texts_of_many_code_points_read_back_as_they_were_and_are_ascii()
    {
        var random = new Random(7);
        for (int round = 0; round < 500; round++)
        {
            var text = new StringBuilder();
            for (int i = random.Next(60); i > 0; i--)
            {
                int most = random.Next(4) switch { 0 => 0x30, 1 => 0x7f, 2 => 0x2fff, _ => 0x10ffff };
                if (Rune.TryCreate(random.Next(most), out Rune rune)) text.Append(rune.ToString());
            }

            string written = WriteString(text.ToString());

            Assert.Equal(text.ToString(), JsonSerializer.Deserialize<string>(written));
            Assert.Equal($"\"{ByTheRule(text.ToString())}\"", written);
            Assert.DoesNotContain(written, c => c > 0x7e);
        }
    }

    /// <summary>meta.md §3.5, rule 2, unit by unit.</summary>
    private static string ByTheRule(string text) => string.Concat(text.Select(unit => unit switch
    {
        '"' => "\\\"",
        '\\' => "\\\\",
        '\b' => "\\b",
        '\f' => "\\f",
        '\n' => "\\n",
        '\r' => "\\r",
        '\t' => "\\t",
        < ' ' or > '~' => "\\u" + ((int)unit).ToString("x4", CultureInfo.InvariantCulture),
        _ => unit.ToString(),
    }));

    /// <summary>By the way that bodies go.</summary>
    private static string WriteString(string text)
    {
        var json = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(json, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping })) writer.WriteStringValue(text);
        var ascii = new ArrayBufferWriter<byte>();
        AsciiJson.Write(json.WrittenSpan, ascii);
        return Encoding.UTF8.GetString(ascii.WrittenSpan);
    }
}
