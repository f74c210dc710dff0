using CertHerald.Access;

namespace CertHerald.Api;

/// <summary>The configuration that the service was started with, without anything that opens a door. What changes while it runs has its own pages.</summary>
internal sealed record SettingsInForce(IReadOnlyList<SettingJson> All)
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/api/settings",
        (SettingsInForce settings) => TypedResults.Json(settings.All, ApiJson.Default.IReadOnlyListSettingJson))
        .WithTags("Settings").Needs(Scope.Admin).Produces<IReadOnlyList<SettingJson>>();
}

/// <summary>A setting.</summary>
/// <param name="Section">What it is about, for people.</param>
/// <param name="Name">As the configuration has it.</param>
/// <param name="Value">For people.</param>
internal sealed record SettingJson(string Section, string Name, string Value);
