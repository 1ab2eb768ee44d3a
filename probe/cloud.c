/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How whoever runs this virtual machine is told to let VT through: clouds by DMI, else the hypervisor. */
#include <stdio.h>
#include <string.h>

#include "probe/analyse.h"

static const struct {
	const char *file, *text;	/* a DMI field, and what stands in it */
	const char *name, *hint;
} clouds[] = {
	{ "sys_vendor", "Amazon EC2", "Amazon EC2",
	  "a .metal instance type, or one of C8i, M8i, R8i with --cpu-options NestedVirtualization=enabled (aws ec2 "
	  "describe-instance-types lists those that support nested-virtualization)" },
	{ "bios_version", "amazon", "Amazon EC2",
	  "a .metal instance type, or one of C8i, M8i, R8i with --cpu-options NestedVirtualization=enabled; this old type "
	  "cannot" },
	{ "product_name", "Google Compute Engine", "Google Compute Engine",
	  "an instance created with --enable-nested-virtualization (advancedMachineFeatures), of an Intel machine type: not E2, "
	  "AMD, Arm or memory-optimized ones" },
	{ "chassis_asset_tag", "7783-7084-3265-9085-8269-3286-77", "Azure",
	  "a VM size whose page says Nested Virtualization: Supported (Dv3, Ev3 and most later D, E and F sizes; not A, B or "
	  "confidential ones)" },
	{ "chassis_asset_tag", "OracleCloud.com", "Oracle Cloud", "a bare-metal shape (BM.*)" },
	{ "product_name", "Alibaba Cloud", "Alibaba Cloud", "an ECS bare-metal type (ebm*)" },
	{ "sys_vendor", "Tencent Cloud", "Tencent Cloud", "a bare-metal type" },
	{ "product_name", "OpenStack", "OpenStack",
	  "its operator must allow nesting on the compute nodes (kvm_intel or kvm_amd nested=1, and cpu_mode=host-passthrough or "
	  "host-model in nova.conf)" },
	{ "sys_vendor", "DigitalOcean", "DigitalOcean", "ask its support: not every host lets VT through" },
	{ "sys_vendor", "Hetzner", "Hetzner", "a dedicated server: cloud servers hide VT" },
	{ "sys_vendor", "Scaleway", "Scaleway", "an Elastic Metal server" },
	{ "sys_vendor", "Vultr", "Vultr", "a bare-metal server, or ask its support" },
};

static const struct { const char *name, *hint; } hypervisors[] = {
	{ "VMware", "tick \"Virtualize Intel VT-x/EPT or AMD-V/RVI\" in the virtual machine's processor settings (vhv.enable)" },
	{ "VirtualBox", "VBoxManage modifyvm NAME --nested-hw-virt on" },
	{ "Hyper-V", "Set-VMProcessor -VMName NAME -ExposeVirtualizationExtensions $true, while the VM is off" },
	{ "Xen", "nestedhvm=1 in the domain's configuration" },
	{ "QEMU TCG", "-cpu max shows SVM, which TCG emulates" },
	{ "Parallels", "tick Enable nested virtualization in the virtual machine's CPU & Memory settings" },
};

const char *cloud_name(const struct snapshot *s)
{
	char path[64], line[96];

	for (size_t i = 0; i < sizeof(clouds) / sizeof(clouds[0]); i++) {
		snprintf(path, sizeof(path), "/sys/class/dmi/id/%s", clouds[i].file);
		if (view_line(s, path, line, sizeof(line)) && strstr(line, clouds[i].text))
			return clouds[i].name;
	}
	return NULL;
}

static const char *cloud_hint(const char *name)
{
	for (size_t i = 0; i < sizeof(clouds) / sizeof(clouds[0]); i++)
		if (name && strcmp(clouds[i].name, name) == 0)
			return clouds[i].hint;
	return NULL;
}

void outer_hint(const struct snapshot *s, char *out, size_t size)
{
	const char *cloud = cloud_name(s);
	struct machine_id m;
	struct outer outer;

	if (xen_keeps_vt(s)) {
		snprintf(out, size, "%s", xen_hint(s));
		return;
	}
	if (outer_root(s) == ANSWER_YES) {
		snprintf(out, size, "Hyper-V runs this system and keeps VT: make guests with it, or boot without it to "
				    "use KVM.");
		return;
	}
	outer_identify(s, &outer);
	machine_identify(s, NULL, &m);
	if (cloud) {
		snprintf(out, size, "For hardware VT, on %s: %s.", cloud, cloud_hint(cloud));
		return;
	}
	if (strcmp(outer.name, "KVM") == 0 || strcmp(outer.name, "QEMU") == 0) {
		bool intel = strcmp(m.vendor, "GenuineIntel") == 0;

		snprintf(out, size, "For hardware VT, the outer KVM must allow nesting (%s "
				    "nested=1 and a CPU model with %s).",
			 intel ? "kvm_intel" : "kvm_amd", intel ? "vmx" : "svm");
		return;
	}
	for (size_t i = 0; i < sizeof(hypervisors) / sizeof(hypervisors[0]); i++)
		if (strcmp(outer.name, hypervisors[i].name) == 0) {
			snprintf(out, size, "For hardware VT, the outer hypervisor must let it "
					    "through: %s.", hypervisors[i].hint);
			return;
		}
	snprintf(out, size, "For hardware VT, the outer hypervisor must let it through (nested "
			    "virtualization).");
}
