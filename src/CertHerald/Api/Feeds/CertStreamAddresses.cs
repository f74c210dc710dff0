using System.Net.WebSockets;
using System.Text;
using CertHerald.Access;

namespace CertHerald.Api.Feeds;

/// <summary>
/// Where CertStream is listened to. A WebSocket comes to <c>/</c>, where everything else gets the console; so these are no routes,
/// but looked at before them.
/// </summary>
internal sealed class CertStreamAddresses(CertStream stream, ApiKeys keys, FailedSignIns failures, TimeProvider time, string publicUrl)
{
    // Dead connections are noticed: each is pinged, and cut if it does not answer.
    private static readonly WebSocketOptions Sockets = new() { KeepAliveInterval = TimeSpan.FromSeconds(30), KeepAliveTimeout = TimeSpan.FromSeconds(30) };

    /// <summary>Put behind authentication. Does nothing where the feed is off.</summary>
    public static void Use(IApplicationBuilder app, string publicUrl)
    {
        CertStream stream = app.ApplicationServices.GetRequiredService<CertStream>();
        if (!stream.Options.Enabled) return;
        IServiceProvider services = app.ApplicationServices;
        var addresses = new CertStreamAddresses(
            stream, services.GetRequiredService<ApiKeys>(), services.GetRequiredService<FailedSignIns>(), services.GetRequiredService<TimeProvider>(), publicUrl);
        app.UseWebSockets(Sockets);
        app.Use((context, next) => context.WebSockets.IsWebSocketRequest && addresses.KindAt(context.Request.Path) is { } kind ? addresses.AnswerAsync(context, kind) : next(context));
    }

    private CertStreamKinds? KindAt(PathString path)
    {
        string prefix = stream.Options.Path.TrimEnd('/'), asked = (path.Value ?? "").TrimEnd('/');
        if (!asked.StartsWith(prefix, StringComparison.Ordinal)) return null;
        return asked[prefix.Length..] switch
        {
            "" => CertStreamKinds.Lite,
            "/full-stream" => CertStreamKinds.Full,
            "/domains-only" => CertStreamKinds.Domains,
            _ => null,
        };
    }

    private async Task AnswerAsync(HttpContext context, CertStreamKinds kind)
    {
        if (Refusal(context.Request.Headers.Origin) is { } foreign)
        {
            await RefuseAsync(context, StatusCodes.Status403Forbidden, new ApiError("forbidden", foreign));
            return;
        }
        if (!stream.Options.Anonymous && !await MayListenAsync(context)) return;

        using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync();
        var client = new CertStreamClient(socket, kind, $"{context.Connection.RemoteIpAddress}:{context.Connection.RemotePort}", time);
        if (!stream.TryAdd(client))
        {
            // Clients of CertStream know no other answer than a closed connection, and come again after some seconds.
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(1));
            await socket.CloseOutputAsync((WebSocketCloseStatus)1013, $"{stream.Options.Clients} clients listen already: see certstream.clients", limit.Token);
            return;
        }
        try
        {
            using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, stream.Stopping);
            await client.RunAsync(ending.Token);
        }
        finally
        {
            stream.Remove(client);
        }
    }

    /// <summary>
    /// Browsers let any page open a WebSocket to any address, be it this machine's own, and say whose page it is. Programs say
    /// nothing.
    /// </summary>
    private string? Refusal(string? origin) =>
        string.IsNullOrEmpty(origin) || origin == publicUrl || stream.Options.Origins.Contains("*") || stream.Options.Origins.Contains(origin)
            ? null
            : "A page of another site may not listen: name its origin in certstream.origins.";

    /// <summary>Asks for a key: a cookie comes along by itself, and opens nothing here.</summary>
    private async Task<bool> MayListenAsync(HttpContext context)
    {
        Caller? caller = Caller.Of(context) is Caller.Local or Caller.Key ? Caller.Of(context) : null;
        if (caller is null && KeyOf(context.Request) is { } shown)
        {
            caller = await keys.FindAsync(shown, context.RequestAborted);
            if (caller is null && failures.Begin(context.Connection.RemoteIpAddress) is null) failures.Failed(context.Connection.RemoteIpAddress);
        }
        if (caller is not null && (caller.May(Scope.CertStream, isPage: false) || caller.May(Scope.Read, isPage: false))) return true;

        if (caller is not null)
            await RefuseAsync(context, StatusCodes.Status403Forbidden, new ApiError("forbidden", "This key lacks the scope \"certstream\": make one that has it with 'certherald api-keys create'."));
        else if (failures.BlockedFor(context.Connection.RemoteIpAddress) is not null)
            await RefuseAsync(context, StatusCodes.Status429TooManyRequests, new ApiError("rate_limited", "Too many wrong keys came from your address. Wait a minute, then try again."));
        else
            await RefuseAsync(context, StatusCodes.Status401Unauthorized, new ApiError(
                "unauthorized", "Show an API key: as 'Authorization: Bearer chk_…', as the password of Basic authentication (ws://any:chk_…@host/), or as ?key=chk_…"));
        return false;
    }

    /// <summary>A key as clients can show it that are given nothing but an address.</summary>
    private static string? KeyOf(HttpRequest request)
    {
        string header = request.Headers.Authorization.ToString();
        if (header.StartsWith("Basic ", StringComparison.OrdinalIgnoreCase))
        {
            byte[] bytes = new byte[header.Length];
            return Convert.TryFromBase64String(header[6..].Trim(), bytes, out int length) ? Encoding.UTF8.GetString(bytes, 0, length).Split(':', 2)[^1] : null;
        }
        return request.Query["key"] is [{ Length: > 0 } key] ? key : null;
    }

    private static Task RefuseAsync(HttpContext context, int status, ApiError error)
    {
        context.Response.StatusCode = status;
        return context.Response.WriteAsJsonAsync(error, ApiJson.Default.ApiError, cancellationToken: context.RequestAborted);
    }
}
