namespace CertHerald.Names;

/// <summary>One item of a watch list in canonical form. Items are equal if their texts are.</summary>
public sealed record WatchItem
{
    internal WatchItem(string text, bool isTree, bool isIp)
    {
        Text = text;
        IsTree = isTree;
        IsIp = isIp;
    }

    /// <summary>
    /// <c>example.com</c>, <c>.example.com</c>, <c>.</c> (every DNS name), <c>192.0.2.1</c> or <c>2001:db8::1</c>.
    /// </summary>
    public string Text { get; }

    /// <summary>Whether the item stands for a name and all names below it: its text begins with a dot.</summary>
    public bool IsTree { get; }

    /// <summary>Whether the item is an IP address.</summary>
    public bool IsIp { get; }

    /// <summary>The text.</summary>
    public override string ToString() => Text;
}

/// <summary>What is wrong with one line of a watch list, and what to write instead.</summary>
/// <param name="Place">The file, or the setting, as the caller named it.</param>
/// <param name="Line">As the caller counted it.</param>
/// <param name="Problem">A clause that quotes the text, shortened and without control characters.</param>
/// <param name="Remedy">An imperative clause.</param>
public sealed record WatchListMistake(string Place, int Line, string Problem, string Remedy);
