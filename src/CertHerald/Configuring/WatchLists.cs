using CertHerald.Names;

namespace CertHerald.Configuring;

/// <summary>Watch lists from the configuration, the command line and files.</summary>
internal static class WatchLists
{
    /// <summary>Largest file: a million items of the longest kind fit.</summary>
    private const long LargestFile = 512L << 20;

    /// <summary>Characters of a line with its comment.</summary>
    private const int LongestLine = 1 << 16;

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
        _ = WatchList.TryRead(
            items.Select((text, at) => (itemsPlace.StartsWith('-') ? itemsPlace : $"{itemsPlace}[{at}]", NoLine, text.AsMemory())).Concat(files.SelectMany(file => Lines(file, mistakes))),
            out WatchList list, out IReadOnlyList<WatchListMistake> wrong, out IReadOnlyList<WatchListMistake> odd);
        mistakes.AddRange(wrong.Select(one => new ConfigurationMistake(PlaceOf(one), one.Problem, one.Remedy)));
        warnings = [.. odd.Select(one => $"{PlaceOf(one)}: {one.Problem}; {one.Remedy}")];
        return list;
    }

    private static string PlaceOf(WatchListMistake mistake) => mistake.Line == NoLine ? mistake.Place : $"{mistake.Place}: line {mistake.Line}";

    /// <summary>The lines of a file, one after the other in the same memory: a million items leave no million texts behind.</summary>
    private static IEnumerable<(string, int, ReadOnlyMemory<char>)> Lines(string file, List<ConfigurationMistake> mistakes)
    {
        using StreamReader? reader = Trying(file, mistakes, () =>
            new FileInfo(file).Length <= LargestFile ? new StreamReader(file) : throw new IOException($"it is larger than {LargestFile >> 20} MiB"));
        if (reader is null) yield break;

        bool holdsItem = false;
        char[] buffer = new char[LongestLine];
        int line = 0, start = 0, end = 0;
        while (true)
        {
            int length = buffer.AsSpan(start, end - start).IndexOf('\n');
            if (length < 0)
            {
                buffer.AsSpan(start, end - start).CopyTo(buffer);
                (start, end) = (0, end - start);
                int? read = Trying(file, mistakes, () => end < buffer.Length
                    ? (int?)reader.Read(buffer, end, buffer.Length - end)
                    : throw new IOException($"line {line + 1} is longer than {LongestLine} characters"));
                if (read is null) yield break;
                end += read.Value;
                if (read > 0) continue;
                if (end == 0) break;
                length = end;                              // the last line ends with the file
            }
            ReadOnlyMemory<char> text = buffer.AsMemory(start, length);
            holdsItem |= text.Span.Trim().TrimStart('\ufeff') is [not '#', ..];
            yield return (file, ++line, text);
            start = Math.Min(start + length + 1, end);
        }
        // Each file by itself: one that a failing script emptied must not take its items away because others hold some.
        if (!holdsItem) mistakes.Add(new ConfigurationMistake(file, "holds no watch item", "write a name a line: example.com, or .example.com with all below it"));
    }

    /// <summary>Null, and a mistake, if the file cannot be read.</summary>
    private static T? Trying<T>(string file, List<ConfigurationMistake> mistakes, Func<T?> read)
    {
        try
        {
            return read();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException)
        {
            mistakes.Add(new ConfigurationMistake(file, $"the watch list cannot be read: {failure.Message}", "correct the path, or let this user read it"));
            return default;
        }
    }
}
