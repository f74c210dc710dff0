using System.Text;
using CertHerald.Names;
using CertHerald.Tests.Doubles;

namespace CertHerald.Tests.Names;

public sealed class UnicodeTableTests
{
    [Theory]
    [InlineData("confusables.txt", 0x0430, "0061", "MA")]
    [InlineData("IdnaMappingTable.txt", 0x0041, "mapped", "0061")]
    [InlineData("Scripts.txt", 0x0430, "Cyrillic", null)]
    [InlineData("IdentifierStatus.txt", 0x0061, "Allowed", null)]
    public void The_published_files_are_read_with_name_and_version(string file, int codePoint, string first, string? second)
    {
        Assert.True(UnicodeTable.TryRead(SharedData.Bytes("unicode", file), out UnicodeTable? table, out string? problem), problem);

        Assert.Equal((file, "17.0.0"), (table.Name, table.Version));
        UnicodeRow row = table.Rows.Single(one => one.First <= codePoint && codePoint <= one.Last);
        Assert.Equal(first, row.Fields[0]);
        if (second is not null) Assert.Equal(second, row.Fields[1]);
    }

    [Fact]
    public void Ranges_comments_and_versions_are_read()
    {
        UnicodeTable table = Read("\ufeff# some.txt\n# Version: 1.2.3\n\n0041..005A ; mapped ; 0061 # A to Z\r\n# 0030 ; no row\n10FFFF;x");

        Assert.Equal(("some.txt", "1.2.3", 2), (table.Name, table.Version, table.Rows.Count));
        Assert.Equal((0x41, 0x5A, "mapped 0061"), (table.Rows[0].First, table.Rows[0].Last, string.Join(' ', table.Rows[0].Fields)));
        Assert.Equal((0x10FFFF, 0x10FFFF), (table.Rows[1].First, table.Rows[1].Last));
    }

    [Theory]
    [InlineData("# some.txt\n# Version: 1\n", "no row")]
    [InlineData("0041 ; x", "no file or no version")]
    [InlineData("# some.txt\n0041 ; x", "no file or no version")]
    [InlineData("# some.txt\n# Version: 1\n0041", "line 3")]
    [InlineData("# some.txt\n# Version: 1\n110000 ; x", "line 3")]
    [InlineData("# some.txt\n# Version: 1\n0042..0041 ; x", "line 3")]
    [InlineData("# some.txt\n# Version: 1\n0041..0042..0043 ; x", "line 3")]
    [InlineData("<html>", "line 1")]
    [InlineData("", "no row")]
    public void What_is_no_such_file_is_refused(string text, string problem)
    {
        Assert.False(UnicodeTable.TryRead(Encoding.UTF8.GetBytes(text), out UnicodeTable? table, out string? said));

        Assert.Null(table);
        Assert.Contains(problem, said, StringComparison.Ordinal);
    }

    private static UnicodeTable Read(string text)
    {
        Assert.True(UnicodeTable.TryRead(Encoding.UTF8.GetBytes(text), out UnicodeTable? table, out string? problem), problem);
        return table;
    }
}
