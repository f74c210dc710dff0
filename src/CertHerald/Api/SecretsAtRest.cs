using System.Text.Json.Serialization;
using CertHerald.Access;
using CertHerald.Storage;
using CertHerald.Storage.Secrets;

namespace CertHerald.Api;

/// <summary>The change of the key for secrets at rest, while the service runs.</summary>
internal sealed partial class SecretsAtRest(IStore store, ILogger<SecretsAtRest> logger) : IDisposable
{
    private readonly SemaphoreSlim _one = new(1, 1);

    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapPost("/api/secrets/rekey", async (HttpRequest request, SecretsAtRest secrets) =>
        {
            (RekeyRequest? asked, string unread) = await Body.ReadAsync(request, ApiJson.Default.RekeyRequest, "\"drop_old\": true or false");
            return asked is null ? ApiError.BadRequest(unread) : (IResult)TypedResults.Json(await secrets.RekeyAsync(asked.DropOld), ApiJson.Default.RekeyOutcome);
        }).WithTags("Secrets").Needs(Scope.Admin).Takes<RekeyRequest>().Produces<RekeyOutcome>();

    /// <summary>Ends a change of keys that was killed. Called once, at the start.</summary>
    public async Task ResumeAsync(CancellationToken cancellation)
    {
        if (await Rekey.FinishAsync(store, cancellation) is > 0 and int encrypted) LogResumed(encrypted);
    }

    // Not cancellable by who asked: begun, it is brought to its end, and the answer may get lost.
    private async Task<RekeyOutcome> RekeyAsync(bool dropOld)
    {
        await _one.WaitAsync();
        try
        {
            RekeyOutcome outcome = await Rekey.RunAsync(store, dropOld, CancellationToken.None);
            LogRekeyed(outcome.Encrypted, outcome.Dropped ?? 0);
            return outcome;
        }
        finally
        {
            _one.Release();
        }
    }

    public void Dispose() => _one.Dispose();

    [LoggerMessage(Level = LogLevel.Warning, Message = "A change of the key for secrets was cut short; {Secrets} secrets are now under the new one")]
    private partial void LogResumed(int secrets);

    [LoggerMessage(Level = LogLevel.Information, Message = "The key for secrets was changed: {Secrets} secrets encrypted anew, {Dropped} old keys forgotten")]
    private partial void LogRekeyed(int secrets, int dropped);
}

/// <summary>Asks for a change of keys.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record RekeyRequest(bool DropOld = false);
