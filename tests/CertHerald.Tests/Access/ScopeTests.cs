using CertHerald.Access;
using CertHerald.Tests.WebConsole;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace CertHerald.Tests.Access;

public sealed class ScopeTests
{
    [Fact]
    public async Task Rule_11_1_Every_route_of_the_API_states_the_scope_it_needs()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        List<RouteEndpoint> api = [.. rig.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(endpoint => endpoint.RoutePattern.RawText!.StartsWith("/api", StringComparison.Ordinal))];

        Assert.True(api.Count > 15, $"only {api.Count} routes");
        Assert.Empty(api.Where(endpoint => endpoint.Metadata.GetMetadata<NeededScope>() is null || endpoint.Metadata.GetMetadata<IAllowAnonymous>() is not null).Select(endpoint => endpoint.DisplayName));
        // What changes something is never open to a session's cookie.
        Assert.Empty(api.Where(endpoint => endpoint.Metadata.GetMetadata<NeededScope>()!.Scope == Scope.Read
            && endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()!.HttpMethods.Any(method => method is not "GET")).Select(endpoint => endpoint.DisplayName));
    }

    [Theory]
    [InlineData("read", "read", true)]
    [InlineData("read", "watch", false)]
    [InlineData("watch", "read", false)]
    [InlineData("watch,webhooks", "webhooks", true)]
    [InlineData("replay", "admin", false)]
    [InlineData("admin", "replay", true)]
    [InlineData("admin", null, false)]
    [InlineData("read,watch,webhooks,replay,admin", null, false)]
    public void Rule_11_1_A_key_does_what_its_scopes_name_and_nothing_that_states_none(string scopes, string? needed, bool may)
    {
        var key = new Caller.Key("chk_abcdefgh", [.. scopes.Split(',').Select(name => Scopes.Read(name)!.Value)]);

        Assert.Equal(may, key.May(Scopes.Read(needed), isPage: false));
    }

    [Fact]
    public void A_session_reads_and_does_what_pages_offer_and_the_local_key_does_everything()
    {
        var session = new Caller.Session("0123456789abcdef", User: null);

        Assert.True(session.May(Scope.Read, isPage: false));
        Assert.True(session.May(null, isPage: true));
        Assert.All(Scopes.All.Except([Scope.Read]), scope => Assert.False(session.May(scope, isPage: false)));
        Assert.False(session.May(null, isPage: false));
        Assert.All(Scopes.All, scope => Assert.True(new Caller.Local().May(scope, isPage: false)));
        Assert.True(new Caller.Local().May(null, isPage: false));
    }
}
