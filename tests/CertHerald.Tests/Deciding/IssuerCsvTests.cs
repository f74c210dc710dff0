using System.Text;
using CertHerald.Deciding;

namespace CertHerald.Tests.Deciding;

public sealed class IssuerCsvTests
{
    [Theory]
    [InlineData("a,b\nc,d\n", "a|b / c|d")]
    [InlineData("a,b\r\nc,d", "a|b / c|d")]
    [InlineData("a,b\rc,d\r", "a|b / c|d")]
    [InlineData("\uFEFFa,b\n", "a|b")]
    [InlineData("\n\na\n\nb\n\n", "a / b")]
    [InlineData("\"a,1\",\"b\"\n", "a,1|b")]
    [InlineData("\"say \"\"so\"\"\",\"\"\n", "say \"so\"|")]
    [InlineData("\"two\r\nlines\",b\nc,d", "two\r\nlines|b / c|d")]
    [InlineData("a,,\n", "a||")]
    [InlineData("a,", "a|")]
    [InlineData("inch\"es,b", "inch\"es|b")]
    [InlineData("Přerov,泰尔", "Přerov|泰尔")]
    [InlineData("", "")]
    public void Rows_are_read_as_RFC_4180_writes_them(string csv, string rows) => Assert.Equal((rows, null), Read(csv));

    [Theory]
    [InlineData("a,b\nc,\"d", "line 2 begins a row whose last field is quoted and never ends: the report is cut short")]
    [InlineData("a\n\"b\nc\"d", "line 3 has text after a closing quote")]
    public void What_is_no_CSV_is_refused_with_its_line(string csv, string problem) => Assert.Equal(problem, Read(csv).Problem);

    [Fact]
    public void A_row_cannot_have_any_number_of_fields() => Assert.Equal("line 1 has more than 512 fields", Read(new string(',', 100_000)).Problem);

    [Fact]
    public void No_bytes_make_it_throw_or_stand_still()
    {
        var random = new Random(7);
        byte[] csv = new byte[60];
        for (int round = 0; round < 20_000; round++)
        {
            for (int i = 0; i < csv.Length; i++) csv[i] = "\"\",\r\na\uFEFF"u8[random.Next(9)];
            var reader = new IssuerCsv(csv);
            var fields = new List<string>();
            int rows = 0;
            while (reader.TryRead(fields)) rows++;
            Assert.InRange(rows, 0, csv.Length);
        }
    }

    private static (string Rows, string? Problem) Read(string csv)
    {
        var reader = new IssuerCsv(Encoding.UTF8.GetBytes(csv));
        var rows = new List<string>();
        var fields = new List<string>();
        while (reader.TryRead(fields)) rows.Add(string.Join('|', fields));
        return (string.Join(" / ", rows), reader.Problem);
    }
}
