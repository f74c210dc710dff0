using CertHerald.Access;
using CertHerald.Tests.Doubles;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.DependencyInjection;

namespace CertHerald.Tests.Access;

/// <summary>The keys that protect the console's forms.</summary>
public sealed class FormKeysTests
{
    [Theory]
    [InlineData("")]
    [InlineData("\0\0\0\0\0\0\0\0")]
    [InlineData("<key id=\"")]
    public void A_key_file_that_a_power_cut_left_empty_or_broken_does_not_keep_people_out(string left)
    {
        using var scratch = new Scratch();
        string before = Protect(scratch.Folder, "before");
        string kept = Directory.GetFiles(scratch.Folder).Single();
        scratch.Write("key-cut.xml", left);

        Assert.Equal("after", Unprotect(scratch.Folder, Protect(scratch.Folder, "after")));
        Assert.Equal("before", Unprotect(scratch.Folder, before));
        Assert.Equal([kept], Directory.GetFiles(scratch.Folder));
    }

    [Fact]
    public void A_key_is_kept_for_the_next_start_where_only_we_can_read_it()
    {
        using var scratch = new Scratch();

        string text = Protect(scratch.Folder, "text");

        Assert.Equal("text", Unprotect(scratch.Folder, text));
        string file = Assert.Single(Directory.GetFiles(scratch.Folder));
        if (!OperatingSystem.IsWindows()) Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
    }

    private static string Protect(string folder, string text) => WithProtector(folder, protector => protector.Protect(text));

    private static string Unprotect(string folder, string text) => WithProtector(folder, protector => protector.Unprotect(text));

    /// <summary>As a fresh start has it.</summary>
    private static string WithProtector(string folder, Func<IDataProtector, string> use)
    {
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddAccess(new AccessOptions { KeyFolder = folder });
        using ServiceProvider provider = services.BuildServiceProvider();
        return use(provider.GetRequiredService<IDataProtectionProvider>().CreateProtector("forms"));
    }
}
