using CertHerald.Api;

namespace CertHerald.Dialects.Meta.Graph;

/// <summary>A request of an app that was let in.</summary>
/// <param name="Version">As the address begins, such as <c>v21.0</c>; empty without.</param>
/// <param name="Token">What it was let in by. A secret.</param>
internal sealed record GraphRequest(HttpRequest Http, string Version, GraphParameters Parameters, App App, string Token)
{
    /// <summary>What the address names after the version: an app or a certificate.</summary>
    public string Id => Http.RouteValues["id"] as string ?? "";

    /// <exception cref="GraphRefusal">The address names another app than the one that asks, or none.</exception>
    public void MustNameItself()
    {
        if (AppRequest.Read(Id) != App.Stored.Id) throw GraphRefusal.Unknown(Http.Method, Id);
    }

    public GraphRefusal Unknown() => GraphRefusal.Unknown(Http.Method, Id);

    /// <summary>The address of another page of the same list.</summary>
    /// <param name="baseUrl">Of the service, without a slash at its end.</param>
    /// <param name="path">Without the version.</param>
    /// <param name="more">What beside the token is repeated.</param>
    public string AddressOf(string baseUrl, string path, params IEnumerable<(string Name, string? Value)> more) =>
        $"{baseUrl}{(Version.Length > 0 ? "/" : "")}{Version}{path}?" + string.Join('&',
            from parameter in more.Append((Name: "access_token", Value: Token))
            where parameter.Value is not null
            select $"{parameter.Name}={Uri.EscapeDataString(parameter.Value)}");

    /// <summary>Printed by accident, it must not show the token.</summary>
    public override string ToString() => $"{Http.Method} by app {App.Stored}";
}
