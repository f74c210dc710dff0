using CertHerald.Names;

namespace CertHerald.Tests.Names;

/// <summary>Watch lists for tests, and the slow path that the fast one is held against.</summary>
internal static class WatchLists
{
    public static WatchList Of(params IEnumerable<string> lines)
    {
        bool isRead = WatchList.TryParse(Numbered(lines), out WatchList list, out IReadOnlyList<WatchListMistake> mistakes, out _);
        Assert.True(isRead, string.Join("; ", mistakes));
        return list;
    }

    public static IEnumerable<(string Place, int Line, string Text)> Numbered(IEnumerable<string> lines) =>
        lines.Select((text, i) => ("watchlist", i + 1, text));

    public static WatchListMistake MistakeIn(string line)
    {
        Assert.False(WatchList.TryParse([("watchlist", 7, line)], out WatchList list, out IReadOnlyList<WatchListMistake> mistakes, out _));
        Assert.Same(WatchList.Empty, list);
        WatchListMistake mistake = Assert.Single(mistakes);
        Assert.Equal(("watchlist", 7), (mistake.Place, mistake.Line));
        return mistake;
    }

    public static Identifier[] Read(NameSource source, ReadOnlySpan<byte> value)
    {
        var read = new List<Identifier>();
        Identifiers.Read(source, value, read);
        return [.. read];
    }

    /// <summary>Every item that a raw value matches, by way of its identifiers.</summary>
    public static string[] Matched(this WatchList list, NameSource source, ReadOnlySpan<byte> value) =>
        [.. Read(source, value).SelectMany(list.Matches).Select(item => item.Text).Distinct()];
}
