using System.Text;
using CertHerald.Names;
using CertHerald.Tests.Doubles;

namespace CertHerald.Tests.Names;

public sealed class PublicSuffixesTests
{
    private const string Small = """
        // VERSION: 2026-11-20_08-31-44_UTC
        // ===BEGIN ICANN DOMAINS===
        com
        uk
        co.uk
        *.ck
        !www.ck
        中国
        公司.cn   a rule ends at white space
        jp
        *.kawasaki.jp
        !city.kawasaki.jp
        // ===END ICANN DOMAINS===
        // ===BEGIN PRIVATE DOMAINS===
        github.io
        *.compute.example.com
        // ===END PRIVATE DOMAINS===
        """;

    [Theory]
    [InlineData("example.com", "example.com")]
    [InlineData("a.b.EXAMPLE.Co.Uk", "EXAMPLE.Co.Uk")]
    [InlineData("co.uk", null)]
    [InlineData("uk", null)]
    [InlineData("a.b.ck", "a.b.ck")]
    [InlineData("b.ck", null)]
    [InlineData("ck", null)]
    [InlineData("www.ck", "www.ck")]
    [InlineData("a.www.ck", "www.ck")]
    [InlineData("city.kawasaki.jp", "city.kawasaki.jp")]
    [InlineData("a.b.c.kawasaki.jp", "b.c.kawasaki.jp")]
    [InlineData("kawasaki.jp", "kawasaki.jp")]
    [InlineData("not.listed.zz", "listed.zz")]
    [InlineData("a.xn--fiqs8s", "a.xn--fiqs8s")]
    [InlineData("a.xn--55qx5d.cn", "a.xn--55qx5d.cn")]
    [InlineData("me.github.io", "me.github.io")]
    [InlineData("github.io", null)]
    [InlineData("v.x.compute.example.com", "v.x.compute.example.com")]
    [InlineData("compute.example.com", "example.com")]
    [InlineData("", null)]
    [InlineData(".", null)]
    [InlineData(".com", null)]
    [InlineData(".example.com", null)]
    [InlineData("..com", null)]
    [InlineData("a..com", null)]
    [InlineData("example.com.", null)]
    public void The_registrable_part_is_found(string name, string? expected) => Assert.Equal(expected, Registrable(Read(Small), name));

    [Theory]
    [InlineData("me.github.io", "github.io")]
    [InlineData("v.x.compute.example.com", "example.com")]
    [InlineData("a.b.ck", "a.b.ck")]
    public void Private_suffixes_can_be_left_out(string name, string expected) => Assert.Equal(expected, Registrable(Read(Small), name, withPrivate: false));

    [Theory]
    [InlineData("co.uk", true)]
    [InlineData("UK", true)]
    [InlineData("github.io", true)]
    [InlineData("b.ck", true)]
    [InlineData("x.compute.example.com", true)]
    [InlineData("xn--fiqs8s", true)]
    [InlineData("ck", false)]
    [InlineData("www.ck", false)]
    [InlineData("city.kawasaki.jp", false)]
    [InlineData("compute.example.com", false)]
    [InlineData("example.co.uk", false)]
    [InlineData("zz", false)]
    [InlineData("", false)]
    public void A_name_is_a_suffix_if_a_rule_says_so(string name, bool isSuffix) => Assert.Equal(isSuffix, Read(Small).IsSuffix(Encoding.ASCII.GetBytes(name)));

    [Fact]
    public void Watched_trees_that_are_suffixes_are_found_and_single_names_are_none()
    {
        WatchList list = WatchLists.Of(".co.uk", "co.uk", "uk", ".", ".example.co.uk", ".b.ck", ".www.ck", "192.0.2.1").With(WatchLists.Of(".github.io", ".co.uk", ".me.github.io"));

        Assert.Equal([".b.ck", ".co.uk", ".github.io"], list.PublicTrees(Read(Small)).Select(item => item.Text).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_list_says_its_version_and_counts_its_rules()
    {
        PublicSuffixes list = Read(Small);

        Assert.Equal(("2026-11-20_08-31-44_UTC", 10, 2), (list.Version, list.IcannRules, list.PrivateRules));
        Assert.Null(Read("com").Version);
    }

    [Theory]
    [InlineData("", "no rule")]
    [InlineData("// only words", "no rule")]
    [InlineData("com\na..b", "line 2")]
    [InlineData("com\n\n.net", "line 3")]
    [InlineData("a.*.com", "line 1")]
    [InlineData("!", "line 1")]
    [InlineData("<html>\n<body>text</body>", null)]
    public void What_is_no_list_is_refused_with_its_line(string text, string? problem)
    {
        bool isRead = PublicSuffixes.TryRead(Encoding.UTF8.GetBytes(text), out PublicSuffixes? list, out string? said);

        Assert.Equal(problem is null, isRead);
        Assert.Equal(isRead, list is not null);
        if (problem is not null) Assert.Contains(problem, said, StringComparison.Ordinal);
        Assert.False(PublicSuffixes.TryRead([(byte)'c', 0xFF], out _, out _));
    }

    [Fact]
    public void Every_case_of_the_lists_own_tests_holds_in_Unicode_and_in_A_labels()
    {
        PublicSuffixes list = Published();
        var wrong = new List<string>();
        int cases = 0;
        foreach (string line in SharedData.Lines("psl", "tests.txt"))
        {
            if (line.Length == 0 || line.StartsWith("//", StringComparison.Ordinal)) continue;
            string[] fields = line.Split(' ');
            if (fields[0] == "null") continue;
            cases++;
            string? expected = fields[1] == "null" ? null : ALabels(fields[1]), found = Registrable(list, ALabels(fields[0]));
            if (expected != found) wrong.Add($"{line}: {found}");
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
        Assert.InRange(cases, 75, 1_000);
        Assert.InRange(list.IcannRules, 6_000, 20_000);
        Assert.InRange(list.PrivateRules, 2_000, 20_000);
    }

    [Fact]
    public void A_search_allocates_nothing()
    {
        PublicSuffixes list = Read(Small);
        byte[][] names = [.. ((string[])["a.b.example.co.uk", "www.ck", "me.github.io", "no.where"]).Select(Encoding.ASCII.GetBytes)];
        int found = 0;
        Search();
        long before = GC.GetAllocatedBytesForCurrentThread();

        Search();

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(8, found);

        void Search()
        {
            foreach (byte[] name in names)
                if (list.TryGetRegistrable(name, out _)) found++;
        }
    }

    [Fact]
    public void Any_bytes_have_an_answer()
    {
        PublicSuffixes list = Read(Small);
        var random = new Random(1);
        for (int i = 0; i < 20_000; i++)
        {
            byte[] name = new byte[random.Next(0, 300)];
            random.NextBytes(name);
            for (int at = 0; at < name.Length; at++)
                if (name[at] < 60) name[at] = (byte)'.';
            Assert.InRange(list.SuffixStart(name), 0, name.Length);
            if (list.TryGetRegistrable(name, out ReadOnlySpan<byte> registrable)) Assert.True(name.AsSpan().EndsWith(registrable));
        }
    }

    private static PublicSuffixes Published()
    {
        Assert.True(PublicSuffixes.TryRead(SharedData.Bytes("psl", "public_suffix_list.dat"), out PublicSuffixes? list, out string? problem), problem);
        return list;
    }

    private static PublicSuffixes Read(string text)
    {
        Assert.True(PublicSuffixes.TryRead(Encoding.UTF8.GetBytes(text), out PublicSuffixes? list, out string? problem), problem);
        return list;
    }

    private static string? Registrable(PublicSuffixes list, string name, bool withPrivate = true) =>
        list.TryGetRegistrable(Encoding.ASCII.GetBytes(name), out ReadOnlySpan<byte> registrable, withPrivate) ? Encoding.ASCII.GetString(registrable) : null;

    private static string ALabels(string name) => string.Join('.', name.Split('.').Select(label => DnsName.ToALabel(label)!));
}
