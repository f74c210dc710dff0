using System.Security.Cryptography;

namespace CertHerald.WebConsole;

/// <summary>The style sheet, the script and the icon, carried inside the program: no folder beside it can be missing or stale.</summary>
internal sealed class Asset
{
    private readonly byte[] _bytes;
    private readonly string _type;

    private Asset(string name, string type)
    {
        using Stream stream = typeof(Asset).Assembly.GetManifestResourceStream(name)!;
        _bytes = new byte[stream.Length];
        stream.ReadExactly(_bytes);
        _type = type;
        string version = Convert.ToHexStringLower(SHA256.HashData(_bytes).AsSpan(0, 8));
        Path = $"/console/assets/{version}/{name}";
    }

    public static Asset Style { get; } = new("console.css", "text/css; charset=utf-8");

    /// <summary>Renews parts of open pages. Without it, pages show the moment in which they were loaded.</summary>
    public static Asset Script { get; } = new("console.js", "text/javascript; charset=utf-8");

    public static Asset Icon { get; } = new("icon.svg", "image/svg+xml");

    /// <summary>Holds a hash of the content: another version has another address.</summary>
    public string Path { get; }

    public void Map(IEndpointRouteBuilder routes) => routes.MapGet(Path, (HttpContext context) =>
    {
        context.Response.Headers.CacheControl = "public, max-age=31536000, immutable";
        return TypedResults.Bytes(_bytes, _type);
    }).AllowAnonymous().ExcludeFromDescription();
}

/// <summary>Maps what pages refer to.</summary>
internal static class Assets
{
    public static void MapAssets(this IEndpointRouteBuilder routes)
    {
        Asset.Style.Map(routes);
        Asset.Script.Map(routes);
        Asset.Icon.Map(routes);
        routes.MapGet("/favicon.ico", () => TypedResults.Redirect(Asset.Icon.Path)).AllowAnonymous().ExcludeFromDescription();
    }
}
