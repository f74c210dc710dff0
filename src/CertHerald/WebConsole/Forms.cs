using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace CertHerald.WebConsole;

/// <summary>What all forms of the console have in common.</summary>
internal static class Forms
{
    private const long MostBytes = 64 * 1024;

    /// <summary>A group of changes: small forms, each with this session's token.</summary>
    // Antiforgery is checked by hand, to answer with a page that says what to do.
    public static RouteGroupBuilder MapChanges(this IEndpointRouteBuilder pages, string path)
    {
        RouteGroupBuilder changes = pages.MapGroup(path).DisableAntiforgery();
        changes.AddEndpointFilter(OnlyOurs).WithMetadata(new RequestSizeLimitAttribute(MostBytes));
        return changes;
    }

    /// <summary>A form without this session's token is answered with a page that says so, and changes nothing.</summary>
    private static async ValueTask<object?> OnlyOurs(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        HttpContext request = context.HttpContext;
        return request.Request.HasFormContentType && await IsReadableAsync(request) && await request.RequestServices.GetRequiredService<IAntiforgery>().IsRequestValidAsync(request)
            ? await next(context)
            : new RazorComponentResult<MissingPage>(new { Status = StatusCodes.Status400BadRequest });
    }

    private static async Task<bool> IsReadableAsync(HttpContext request)
    {
        try
        {
            await request.Request.ReadFormAsync(request.RequestAborted);
            return true;
        }
        catch (Exception failure) when (failure is InvalidDataException or InvalidOperationException)
        {
            // Too many fields, or a NUL in one: no form of ours.
            return false;
        }
    }
}
