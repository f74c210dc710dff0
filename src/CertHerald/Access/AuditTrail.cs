using CertHerald.Storage;

namespace CertHerald.Access;

/// <summary>
/// Records every change that somebody asks for, through API, commands and console: those that were made in their own transaction,
/// those that were refused when they were.
/// </summary>
internal sealed partial class AuditTrail(IAudit store, TimeProvider time, ILogger<AuditTrail> logger) : IAsyncDisposable
{
    /// <summary>Refusals that get a line of their own in a minute, whoever asks: a caller without rights must not fill the disk with them.</summary>
    private const int MostRefusals = 60;

    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private DateTimeOffset _since;
    private int _refusals, _untold;
    private ITimer? _tell;

    /// <summary>Put between authentication and authorization: who asks is known, and what is refused is recorded too.</summary>
    public static void Use(IApplicationBuilder app) => app.Use((context, next) =>
        HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method) || Caller.Of(context) is not { } caller
            ? next(context)
            : context.RequestServices.GetRequiredService<AuditTrail>().FollowAsync(context, caller.Name, next));

    /// <summary>Records what somebody did who was not known before: signing in.</summary>
    public Task RecordAsync(HttpContext context, string who) => KeepAsync(NoteOf(context, who), AuditNote.Done);

    /// <summary>The same for somebody whom the endpoint itself has let in.</summary>
    public async Task FollowAsync(HttpContext context, string who, RequestDelegate next)
    {
        AuditNote note = NoteOf(context, who);
        AuditNote.Current = note;
        int? status = null;
        try
        {
            await next(context);
            status = context.Response.StatusCode;
        }
        finally
        {
            AuditNote.Current = null;
            if (!note.IsWritten && IsToKeep(context, status)) await KeepAsync(note, OutcomeOf(status));
            // What the request left running belongs to nobody.
            note.IsWritten = true;
        }
    }

    private AuditNote NoteOf(HttpContext context, string who) => new(time.GetUtcNow(), who, context.Request.Method, context.Request.Path.Value ?? "");

    private static string OutcomeOf(int? status) => status switch
    {
        < 400 => AuditNote.Done,
        null or >= 500 => $"failed {status ?? 500}",
        _ => $"refused {status}",
    };

    private bool IsToKeep(HttpContext context, int? status)
    {
        if (status is null or < 400 or >= 500) return true;
        // Nothing was asked for that there is.
        if (status == StatusCodes.Status404NotFound && context.GetEndpoint() is null) return false;

        DateTimeOffset now = time.GetUtcNow();
        lock (_gate)
        {
            if (now - _since >= Minute) (_since, _refusals) = (now, 0);
            if (_refusals < MostRefusals)
            {
                _refusals++;
                return true;
            }
            if (_untold++ == 0)
            {
                _tell ??= time.CreateTimer(_ => _ = TellAsync(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
                _tell.Change(_since + Minute - now, Timeout.InfiniteTimeSpan);
            }
            return false;
        }
    }

    /// <summary>Says in one line how many refusals got none.</summary>
    private async Task TellAsync()
    {
        int untold;
        lock (_gate) (untold, _untold) = (_untold, 0);
        if (untold > 0) await KeepAsync(new AuditNote(time.GetUtcNow(), "several", "any", "/"), $"{untold} more were refused");
    }

    public async ValueTask DisposeAsync()
    {
        if (_tell is not null) await _tell.DisposeAsync();
        await TellAsync();
    }

    private async Task KeepAsync(AuditNote note, string outcome)
    {
        try
        {
            // Not cancellable: hanging up must not keep it off the record.
            await store.AddAuditAsync(note, outcome, CancellationToken.None);
        }
        catch (StoreException failure)
        {
            LogLost(failure, note.Who, note.Method, Inspecting.Visible.Of(note.Resource), outcome);
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The audit trail could not be written: {Who}, {Method} {Resource}, {Outcome}")]
    private partial void LogLost(Exception failure, string who, string method, string resource, string outcome);
}
