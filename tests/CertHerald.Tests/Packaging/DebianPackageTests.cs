using System.Collections;
using System.Text.RegularExpressions;
using CertHerald.Configuring;
using CertHerald.Tests.Docs;
using CertHerald.Tests.Doubles;

namespace CertHerald.Tests.Packaging;

/// <summary>The Debian package of the published program, installed into a root of its own: this machine's packages, users and files stay as they are.</summary>
[Collection(ProgramTests.Name)]
public sealed partial class DebianPackageTests : IDisposable
{
    private readonly Scratch _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_package_is_installed_upgraded_removed_and_purged_as_Debian_expects()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.UserName == "root" && File.Exists("/etc/debian_version"), "left out: packages are installed by root, on Debian");
        string dpkg = Tool.Find("dpkg"), host = await HostAsync();
        Tool.Find("useradd");
        string root = NewRoot(), first = await BuildAsync(), second = await NextAsync(first);

        await RunAsync(dpkg, root, "--install", first);

        string said = (await Doubles.Certherald.RunAsync("version")).With(0).Output;
        Assert.Equal(said, (await InstalledAsync(root, "version")).With(0).Output);
        string checkedConfiguration = (await InstalledAsync(root, "check-config", "--config", Path.Combine(root, "etc/certherald/certherald.json"))).With(0).Output;
        Assert.Contains("\ndata       /var/lib/certherald (sqlite)\n", checkedConfiguration, StringComparison.Ordinal);
        Assert.EndsWith("\nthe configuration can be used\n", checkedConfiguration, StringComparison.Ordinal);
        Assert.Contains("databse", (await InstalledAsync(root, "check-config", "--config", _folder.Write("wrong.json", """{ "databse": "x" }"""))).With(2).Errors, StringComparison.Ordinal);
        Assert.Contains("certherald:x:", await File.ReadAllTextAsync(Path.Combine(root, "etc/passwd"), TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Equal("700 certherald", await ModeOfAsync(root, "var/lib/certherald"));
        Assert.Equal("750 root", await ModeOfAsync(root, "etc/certherald"));
        Assert.Equal("640 root", await ModeOfAsync(root, "etc/certherald/certherald.json"));
        Assert.Equal(Repository.Text("packaging/systemd/certherald.service"), File.ReadAllText(Path.Combine(root, "usr/lib/systemd/system/certherald.service")));

        // What its administrator wrote stays, and so does what the service wrote.
        File.AppendAllText(Path.Combine(root, "etc/certherald/certherald.json"), "// ours\n");
        File.WriteAllText(Path.Combine(root, "var/lib/certherald/certherald.db"), "findings");
        await RunAsync(dpkg, root, "--install", second);
        Assert.Contains("Version: 99.0\n", await File.ReadAllTextAsync(Path.Combine(root, "var/lib/dpkg/status"), TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Equal(said, (await InstalledAsync(root, "version")).With(0).Output);
        Assert.EndsWith("// ours\n", File.ReadAllText(Path.Combine(root, "etc/certherald/certherald.json")), StringComparison.Ordinal);

        await RunAsync(dpkg, root, "--remove", "certherald");
        Assert.False(Path.Exists(Path.Combine(root, "usr/bin/certherald")));
        Assert.True(File.Exists(Path.Combine(root, "etc/certherald/certherald.json")) && File.Exists(Path.Combine(root, "var/lib/certherald/certherald.db")));

        await RunAsync(dpkg, root, "--purge", "certherald");
        Assert.False(Path.Exists(Path.Combine(root, "etc/certherald")) || Path.Exists(Path.Combine(root, "var/lib/certherald")));
        Assert.Equal(host, await HostAsync());
    }

    [Fact]
    public void The_configuration_that_it_brings_is_accepted()
    {
        CertHeraldOptions options = Configuration.Read(Path.Combine(Repository.Root, "packaging/debian/certherald.json"), new CommandLineOverrides(), new Hashtable());
        Assert.Equal("/var/lib/certherald", options.Data);
    }

    [Fact]
    public void What_is_published_is_the_program_and_nothing_to_link_against()
    {
        string folder = Path.GetDirectoryName(Doubles.Certherald.Path)!;
        Assert.SkipUnless(Directory.Exists(folder), "left out: ./certherald has not been built");

        // packaging/release makes one file, and refuses what would stand beside it.
        Assert.Empty(Directory.GetFiles(folder).Where(file => !Path.GetFileName(file).StartsWith('.') && Path.GetExtension(file) is not ("" or ".dll" or ".so" or ".pdb"))
            .Select(Path.GetFileName).Except(["certherald.schema.json", "certherald.deps.json", "certherald.runtimeconfig.json"]));
    }

    [Fact]
    public async Task The_unit_is_one_that_systemd_takes_and_that_the_documentation_describes()
    {
        string analyze = Tool.Find("systemd-analyze");
        // The program is not installed here: any that is stands for it.
        string unit = _folder.Write("certherald.service", Repository.Text("packaging/systemd/certherald.service").Replace("/usr/bin/certherald", "/bin/true", StringComparison.Ordinal));

        Ended verified = await Tool.RunAsync(analyze, _folder.Folder, ["verify", "--man=no", unit]);

        // Of other units of the machine it may complain.
        Assert.DoesNotContain("certherald.service", verified.Errors, StringComparison.Ordinal);
        Assert.Contains("Type=notify\n", Repository.Text("packaging/systemd/certherald.service"), StringComparison.Ordinal);
    }

    /// <summary>A package of what <c>./certherald</c> built.</summary>
    private async Task<string> BuildAsync()
    {
        Tool.Find("dpkg-deb");
        string program = Path.GetDirectoryName(Doubles.Certherald.Path)!;
        Assert.SkipUnless(File.Exists(Doubles.Certherald.Path), "left out: ./certherald has not been built");
        Ended built = await Tool.RunAsync("/usr/bin/env", Repository.Root, ["DEB_OUT=" + _folder.Folder, "DEB_COMPRESSION=none", Path.Combine(Repository.Root, "packaging/deb"), "--program", program]);
        return built.With(0).Lines[^1];
    }

    /// <summary>The same package as one of a later version.</summary>
    private async Task<string> NextAsync(string package)
    {
        string content = _folder.PathOf("content"), next = _folder.PathOf("next.deb"), control = Path.Combine(content, "DEBIAN/control");
        (await Tool.RunAsync(Tool.Find("dpkg-deb"), _folder.Folder, ["--raw-extract", package, content])).With(0);
        await File.WriteAllTextAsync(control, VersionLine().Replace(await File.ReadAllTextAsync(control, TestContext.Current.CancellationToken), "Version: 99.0"), TestContext.Current.CancellationToken);
        (await Tool.RunAsync(Tool.Find("dpkg-deb"), _folder.Folder, ["-Znone", "--build", content, next])).With(0);
        Directory.Delete(content, recursive: true);
        return next;
    }

    /// <summary>The program as it was installed, through the link that users call.</summary>
    private static Task<Ended> InstalledAsync(string root, params string[] arguments) => Tool.RunAsync(Path.Combine(root, "usr/bin/certherald"), root, arguments);

    private string NewRoot()
    {
        string root = _folder.PathOf("root");
        foreach (string folder in (string[])["var/lib/dpkg/info", "var/lib/dpkg/updates", "etc"]) Directory.CreateDirectory(Path.Combine(root, folder));
        foreach (string file in (string[])["var/lib/dpkg/status", "etc/shadow", "etc/gshadow"]) File.WriteAllText(Path.Combine(root, file), "");
        File.WriteAllText(Path.Combine(root, "etc/passwd"), "root:x:0:0:root:/root:/bin/sh\n");
        File.WriteAllText(Path.Combine(root, "etc/group"), "root:x:0:\n");
        return root;
    }

    // Scripts run on this machine's tools, and are told whose root it is: DPKG_ROOT.
    private static async Task RunAsync(string dpkg, string root, params string[] arguments) =>
        (await Tool.RunAsync(dpkg, root, ["--root=" + root, "--force-script-chrootless", "--force-depends", "--force-confold", "--log=/dev/null", .. arguments])).With(0);

    /// <summary>Mode and owner, by the names of the other root.</summary>
    private static async Task<string> ModeOfAsync(string root, string path)
    {
        string[] said = (await Tool.RunAsync("/usr/bin/stat", root, ["-c", "%a %u", path])).With(0).Output.Trim().Split(' ');
        string owner = File.ReadLines(Path.Combine(root, "etc/passwd")).Select(line => line.Split(':')).Single(user => user[2] == said[1])[0];
        return $"{said[0]} {owner}";
    }

    private static async Task<string> HostAsync() =>
        (await Tool.RunAsync("/bin/sh", "/", ["-c", "cat /etc/passwd /etc/group; ls -d /etc/certherald /var/lib/certherald 2>&1; sha256sum /var/lib/dpkg/status"])).Output;

    [GeneratedRegex("^Version: .*$", RegexOptions.Multiline)]
    private static partial Regex VersionLine();
}
