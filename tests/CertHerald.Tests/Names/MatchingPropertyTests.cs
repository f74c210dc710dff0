using System.Text;
using CertHerald.Names;
using CertHerald.Tests.Doubles;
using FsCheck;
using FsCheck.Fluent;

namespace CertHerald.Tests.Names;

/// <summary>The fast path, the tree of labels and a reference that compares label by label must agree.</summary>
public sealed class MatchingPropertyTests
{
    private static readonly string[] Labels = ["a", "b", "com", "example", "xn--bcher-kva", "www", "a-b", "_dmarc", "eightlet", "nineletters", "aaaaaaaaaaaaaaaaab"];
    private static readonly string[] OddLabels = ["*", "?", "<unparsable>", "a*", "*b", "*m", "exam*e", "w*w*", "**", "", " ", "bücher", "BÜCHER", "\u00a0", "\u0085", "\u0001", "A", "CoM", "x y", "1", "a:1", "b/c", "u@a", "\0", "рф"];

    private static readonly Gen<string> Label = Gen.Elements(Labels);
    private static readonly Gen<string> AnyLabel = Gen.Frequency((3, Label), (2, Gen.Elements(OddLabels)));
    private static readonly Gen<string> Address = Gen.Elements("192.0.2.1", "192.0.2.2", "2001:db8::1", "::ffff:192.0.2.1", "[2001:db8::1]");
    private static readonly Gen<string> ItemName = Label.NonEmptyListOf().Resize(4).Select(labels => string.Join('.', labels));
    private static readonly Gen<string> Item = Gen.Frequency((4, ItemName), (3, ItemName.Select(name => "." + name)), (1, Address));
    private static readonly Gen<string> OddName =
        from before in Gen.Elements("", "", "", " ", "http://", "HTTPS://", "user@", "\u00a0", ".", "\t", "http://http://")
        from name in Gen.Frequency((6, AnyLabel.NonEmptyListOf().Resize(5).Select(labels => string.Join('.', labels))), (1, Address))
        from after in Gen.Elements("", "", "", "", ".", " ", ":443", "/path", "\0.example.com", ".\u00a0", "\u00a0", ". \u0085.", "@a.com", ":", "/x y")
        select before + name + after;

    private static readonly Gen<List<string>> Items = Gen.Frequency((9, Item.ListOf().Resize(12)), (1, Item.ListOf().Resize(12).Select(items => items.Append(".").ToList())))
        .Select(items => items.ToList());

    private static readonly Gen<byte[]> Value = Gen.Frequency(
        (4, OddName.Select(Encoding.UTF8.GetBytes)),
        (2, OddName.Select(Encoding.Latin1.GetBytes)),
        (1, Gen.Choose(0, 255).Select(b => (byte)b).ArrayOf().Resize(40)),
        (1, Gen.Elements([.. "ab.*:/@? \0\u00fcCOM1"u8.ToArray(), (byte)0xc3]).ArrayOf().Resize(20)));

    private static readonly Gen<NameSource> Source = Gen.Elements(NameSource.CommonName, NameSource.DnsName, NameSource.IpAddress);

    [Fact]
    public void The_fast_path_never_denies_what_an_identifier_matches()
    {
        var cases = from items in Items from source in Source from value in Value select (items, source, value);

        Check(cases, 10_000, c =>
        {
            WatchList list = WatchLists.Of(c.items);
            return list.Matched(c.source, c.value).Length == 0 || list.MayMatch(c.source, c.value);
        });
    }

    [Fact]
    public void On_ascii_the_fast_path_is_exact()
    {
        var cases = from items in Items from source in Source from value in Value where value.All(b => b < 0x80) select (items, source, value);

        Check(cases, 5_000, c =>
        {
            WatchList list = WatchLists.Of(c.items);
            return list.Matched(c.source, c.value).Length > 0 == list.MayMatch(c.source, c.value);
        });
    }

    [Fact]
    public void Matches_are_those_of_a_comparison_label_by_label()
    {
        var cases = from items in Items from name in AnyLabel.NonEmptyListOf().Resize(5) select (items, name);

        Check(cases, 10_000, c =>
        {
            WatchList list = WatchLists.Of(c.items);
            foreach (Identifier identifier in WatchLists.Read(NameSource.DnsName, Encoding.UTF8.GetBytes(string.Join('.', c.name))))
            {
                if (identifier.Kind == IdentifierKind.Ip) continue;
                IEnumerable<string> expected = list.Items.Where(item => !item.IsIp && IsMatch(item, identifier.Text)).Select(item => item.Text);
                if (!expected.ToHashSet().SetEquals(list.Matches(identifier).Select(item => item.Text))) return false;
            }
            return true;
        });
    }

    [Fact]
    public void The_items_of_a_list_are_those_that_were_written()
    {
        Check(Items, 1_000, items =>
        {
            WatchList list = WatchLists.Of(items);
            IEnumerable<string> written = items.Select(text => text.Replace("::ffff:", "", StringComparison.Ordinal).Trim('[', ']'));
            return written.ToHashSet().SetEquals(list.Items.Select(item => item.Text)) && list.Count == list.Items.Count();
        });
    }

    [Fact]
    public void Every_line_is_an_item_a_comment_or_a_mistake_and_never_thrown_at()
    {
        Gen<char> character = Gen.Frequency(
            (6, Gen.Elements("ab.*:/@?# \t\0üÜ。\u0308\u200b\ud83d\udca9\ufffe\uffff1[]-".ToCharArray())), (1, Gen.Choose(0, 0xffff).Select(c => (char)c)));
        Gen<string> line = Gen.OneOf(character.ArrayOf().Resize(12), character.ArrayOf().Resize(400)).Select(characters => new string(characters));

        Check(line, 10_000, text =>
        {
            bool isRead = WatchList.TryParse([("watchlist", 1, text)], out WatchList list, out IReadOnlyList<WatchListMistake> mistakes, out _);
            bool isBlank = text.TrimStart('\ufeff').Trim() is "" or ['#', ..];
            return isRead == (mistakes.Count == 0) && list.Count == (isRead && !isBlank ? 1 : 0);
        });
    }

    [Fact]
    public void Reading_any_bytes_gives_printable_names_without_repetition()
    {
        var cases = from source in Source from value in Value select (source, value);

        Check(cases, 5_000, c =>
        {
            Identifier[] read = WatchLists.Read(c.source, c.value);
            return read.Distinct().Count() == read.Length
                && read.All(identifier => identifier.Text.Length > 0 && identifier.Text.All(letter => letter is '\t' or (>= ' ' and <= '~') and not (>= 'A' and <= 'Z')));
        });
    }

    [Fact]
    public void Every_subject_seen_in_public_logs_is_judged_alike_by_both_paths()
    {
        byte[][] subjects = [.. SharedData.Lines("names", "ct_samples_2025-12.tsv.gz").Skip(1).Select(line => Encoding.UTF8.GetBytes(line.Split('\t')[5]))];
        Assert.True(subjects.Length > 59_000);
        WatchList[] lists =
        [
            WatchLists.Of("."),
            WatchLists.Of("example.com"),
            WatchLists.Of(".com", ".de", "localhost"),
            WatchLists.Of(subjects.Where((_, i) => i % 7 == 0).Select(subject => Encoding.UTF8.GetString(subject).Replace("*", "", StringComparison.Ordinal)).Where(text => text.Length > 0)),
        ];

        foreach (byte[] subject in subjects)
            foreach (WatchList list in lists)
                if (list.MayMatch(NameSource.CommonName, subject) != list.Matched(NameSource.CommonName, subject).Length > 0)
                    Assert.Fail(Encoding.UTF8.GetString(subject));
    }

    private static void Check<T>(Gen<T> cases, int count, Func<T, bool> holds) =>
        Prop.ForAll(cases.ToArbitrary(), holds).Check(Config.QuickThrowOnFailure.WithMaxTest(count));

    private static bool IsMatch(WatchItem item, string name)
    {
        string[] watched = item.Text.Split('.', StringSplitOptions.RemoveEmptyEntries), labels = name.Split('.');
        if (labels.Length < watched.Length || (labels.Length > watched.Length && !item.IsTree)) return false;
        return watched.Zip(labels[^watched.Length..]).All(pair => IsLabelMatch(pair.First, pair.Second));
    }

    private static bool IsLabelMatch(string watched, string label) => label is "?" or "<unparsable>" || IsGlobMatch(watched, label);

    private static bool IsGlobMatch(string text, string glob)
    {
        if (glob.Length == 0) return text.Length == 0;
        if (glob[0] == '*') return IsGlobMatch(text, glob[1..]) || (text.Length > 0 && IsGlobMatch(text[1..], glob));
        return text.Length > 0 && text[0] == glob[0] && IsGlobMatch(text[1..], glob[1..]);
    }
}
