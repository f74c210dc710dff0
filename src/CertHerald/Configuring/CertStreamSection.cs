using CertHerald.Api.Feeds;

namespace CertHerald.Configuring;

/// <summary>The section <c>certstream</c>.</summary>
internal static class CertStreamSection
{
    private const int MostClients = 1_000;

    public static CertStreamOptions Read(ConfigurationSection section)
    {
        var defaults = new CertStreamOptions();
        bool enabled = section.Flag("enabled") ?? defaults.Enabled, anonymous = section.Flag("anonymous") ?? defaults.Anonymous, catchUp = section.Flag("catch_up") ?? defaults.CatchUp;
        string path = section.Text("path") ?? defaults.Path;
        int clients = section.Whole("clients", 1, MostClients) ?? defaults.Clients;
        IReadOnlyList<string> origins = section.Texts("origins") ?? defaults.Origins;
        section.Finish();

        if (!path.StartsWith('/') || path.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('/' or '-' or '_' or '.')))
            section.Mistake("path", $"\"{path}\" is no path", "write /, or /certstream");
        else if (path.StartsWith("/api", StringComparison.Ordinal) || path.StartsWith("/console", StringComparison.Ordinal))
            section.Mistake("path", $"\"{path}\" belongs to the service", "write /, or /certstream");
        foreach (string origin in origins.Where(origin => origin != "*" && !IsOrigin(origin)))
            section.Mistake("origins", $"\"{origin}\" is no origin of web pages", "write https://dashboard.example.com, without a path, or *");
        return new CertStreamOptions { Enabled = enabled, Path = path, Anonymous = anonymous, CatchUp = catchUp, Clients = clients, Origins = origins };
    }

    private static bool IsOrigin(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out Uri? uri) && (uri.Scheme == Uri.UriSchemeHttp || uri.Scheme == Uri.UriSchemeHttps)
        && uri.GetLeftPart(UriPartial.Authority) == text;
}
