using CertHerald.Names;

namespace CertHerald.Configuring;

/// <summary>Watch lists from the configuration, the command line and files.</summary>
internal static class WatchLists
{
    /// <summary>Largest file: a million items of the longest kind fit.</summary>
    private const long LargestFile = 512L << 20;

    /// <summary>An item that stands in no file.</summary>
    private const int NoLine = 0;

    /// <summary>Joins items and files into one list.</summary>
    /// <exception cref="ConfigurationException">Every mistake in them.</exception>
    public static WatchList Read(IReadOnlyList<string> items, IReadOnlyList<string> files, string itemsPlace = "--watch")
    {
        var mistakes = new List<ConfigurationMistake>();
        WatchList list = Read(items, files, itemsPlace, mistakes, out _);
        return mistakes.Count == 0 ? list : throw new ConfigurationException(mistakes);
    }

    /// <summary>The same, adding what is wrong to what else is wrong.</summary>
    /// <param name="itemsPlace">Where the items stand: a command-line option, or a key that holds a list.</param>
    public static WatchList Read(
        IReadOnlyList<string> items, IReadOnlyList<string> files, string itemsPlace, List<ConfigurationMistake> mistakes, out IReadOnlyList<string> warnings)
    {
        _ = WatchList.TryParse(
            items.Select((text, at) => (itemsPlace.StartsWith('-') ? itemsPlace : $"{itemsPlace}[{at}]", NoLine, text)).Concat(files.SelectMany(file => Lines(file, mistakes))),
            out WatchList list, out IReadOnlyList<WatchListMistake> wrong, out IReadOnlyList<WatchListMistake> odd);
        mistakes.AddRange(wrong.Select(one => new ConfigurationMistake(PlaceOf(one), one.Problem, one.Remedy)));
        warnings = [.. odd.Select(one => $"{PlaceOf(one)}: {one.Problem}; {one.Remedy}")];

        // A file that watches nothing is a mistake; to name none at all is not.
        if (files.Count > 0 && list.Count == 0 && mistakes.Count == 0)
            mistakes.Add(new ConfigurationMistake(string.Join(", ", files), "holds no watch item", "write a name a line: example.com, or .example.com with all below it"));
        return list;
    }

    private static string PlaceOf(WatchListMistake mistake) => mistake.Line == NoLine ? mistake.Place : $"{mistake.Place}: line {mistake.Line}";

    private static IEnumerable<(string, int, string)> Lines(string file, List<ConfigurationMistake> mistakes)
    {
        string[] lines;
        try
        {
            if (new FileInfo(file).Length > LargestFile) throw new IOException($"it is larger than {LargestFile >> 20} MiB");
            lines = File.ReadAllLines(file);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException)
        {
            mistakes.Add(new ConfigurationMistake(file, $"the watch list cannot be read: {failure.Message}", "correct the path, or let this user read it"));
            yield break;
        }
        for (int i = 0; i < lines.Length; i++) yield return (file, i + 1, lines[i]);
    }
}
