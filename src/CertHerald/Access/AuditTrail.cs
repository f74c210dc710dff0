using CertHerald.Storage;

namespace CertHerald.Access;

/// <summary>
/// Records every change that somebody asks for, through API, commands and console: those that were made in their own transaction,
/// those that were refused when they were.
/// </summary>
internal sealed partial class AuditTrail(IAudit store, TimeProvider time, ILogger<AuditTrail> logger)
{
    /// <summary>Put between authentication and authorization: who asks is known, and what is refused is recorded too.</summary>
    public static void Use(IApplicationBuilder app) => app.Use((context, next) =>
        HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method) || Caller.Of(context) is not { } caller
            ? next(context)
            : context.RequestServices.GetRequiredService<AuditTrail>().FollowAsync(context, caller.Name, next));

    /// <summary>Records what somebody did who was not known before: signing in.</summary>
    public Task RecordAsync(HttpContext context, string who) => KeepAsync(NoteOf(context, who), AuditNote.Done);

    private async Task FollowAsync(HttpContext context, string who, RequestDelegate next)
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
            if (!note.IsWritten) await KeepAsync(note, OutcomeOf(status));
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
