namespace CertHerald.Tests.Docs;

/// <summary>The checkout that these tests were built from.</summary>
internal static class Repository
{
    public static string Root { get; } = Find();

    /// <summary>A file's text, by its path from the root.</summary>
    public static string Text(string path) => File.ReadAllText(Path.Combine(Root, path));

    /// <summary>Every document, by its path from the root.</summary>
    public static IEnumerable<string> Documents =>
        from folder in (string[])[".", "docs"]
        from file in Directory.GetFiles(Path.Combine(Root, folder), "*.md", folder == "." ? SearchOption.TopDirectoryOnly : SearchOption.AllDirectories)
        orderby file
        select Path.GetRelativePath(Root, file);

    private static string Find()
    {
        for (DirectoryInfo? at = new(AppContext.BaseDirectory); at is not null; at = at.Parent)
            if (File.Exists(Path.Combine(at.FullName, "CertHerald.slnx")))
                return at.FullName;
        throw new InvalidOperationException("the tests run outside their checkout");
    }
}
