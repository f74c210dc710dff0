using System.Security.Claims;
using CertHerald.Storage;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.HttpOverrides;

namespace CertHerald.Access;

/// <summary>Registers sign-in with the host.</summary>
internal static class AccessSetup
{
    /// <summary>Needs an <see cref="IStore"/>, an <see cref="OpenIdProvider"/> and a <see cref="TimeProvider"/> beside it.</summary>
    public static void AddAccess(this IServiceCollection services, AccessOptions options)
    {
        services.AddSingleton(options);
        services.AddSingleton<LoginLinks>();
        services.AddSingleton<LocalKey>();
        services.AddSingleton<FailedSignIns>();
        services.AddSingleton<Sessions>();
        services.AddSingleton<OpenIdAttempts>();
        services.AddSingleton<IUsers>(provider => provider.GetRequiredService<IStore>());
        services.AddSingleton<Users>();
        services.AddSingleton<IApiKeys>(provider => provider.GetRequiredService<IStore>());
        services.AddSingleton<ApiKeys>();
        services.AddSingleton<IAudit>(provider => provider.GetRequiredService<IStore>());
        services.AddSingleton<AuditTrail>();

        services.AddAuthentication(SessionAuthentication.SchemeName)
            .AddScheme<AuthenticationSchemeOptions, SessionAuthentication>(SessionAuthentication.SchemeName, null);
        services.AddAuthorization(static rules =>
            rules.DefaultPolicy = new AuthorizationPolicyBuilder().RequireAuthenticatedUser().AddRequirements(new ScopeRule()).Build());

        // It would warn at every start that its keys lie unencrypted: they protect forms only, in a folder that is ours alone.
        services.AddLogging(logs => logs.AddFilter("Microsoft.AspNetCore.DataProtection", LogLevel.Error));
        IDataProtectionBuilder protection = services.AddDataProtection().SetApplicationName("CertHerald");
        if (options.KeyFolder is { } folder) services.Configure<KeyManagementOptions>(keys => keys.XmlRepository = new FormKeys(PrivateFolder(folder).FullName));
        else protection.UseEphemeralDataProtectionProvider();

        services.AddAntiforgery(forms =>
        {
            forms.Cookie.Name = options.AlwaysSecure ? "__Host-certherald-form" : "certherald-form";
            forms.Cookie.Path = "/";
            forms.Cookie.SecurePolicy = CookieSecurePolicy.SameAsRequest;
            forms.FormFieldName = "form_token";
            // SecurityHeaders says it for every answer.
            forms.SuppressXFrameOptionsHeader = true;
        });
    }

    /// <summary>Put before the endpoints: guards those that require authorization.</summary>
    public static void UseAccess(this IApplicationBuilder app)
    {
        AccessOptions options = app.ApplicationServices.GetRequiredService<AccessOptions>();
        // Without one that is trusted the headers are anybody's claim, and are not read.
        if (options.TrustedProxies.Count > 0) app.UseForwardedHeaders(Believing(options.TrustedProxies));
        if (options.AlwaysSecure)
            app.Use((context, next) =>
            {
                // What people's browsers speak, whatever the proxy speaks to us: cookies are marked by it.
                context.Request.Scheme = Uri.UriSchemeHttps;
                return next(context);
            });
        app.UseAuthentication();
        AuditTrail.Use(app);
        app.UseAuthorization();
    }

    // Read from the right, as far as each says it who is trusted: what a caller wrote into them itself counts for nothing.
    private static ForwardedHeadersOptions Believing(IReadOnlyList<System.Net.IPNetwork> proxies)
    {
        var options = new ForwardedHeadersOptions { ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto, ForwardLimit = null };
        options.KnownProxies.Clear();
        options.KnownIPNetworks.Clear();
        foreach (System.Net.IPNetwork proxy in proxies) options.KnownIPNetworks.Add(proxy);
        return options;
    }

    private static DirectoryInfo PrivateFolder(string path) =>
        OperatingSystem.IsWindows()
            ? Directory.CreateDirectory(path)
            : Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
}
